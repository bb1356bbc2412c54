import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** CPU time a container may use, in cores: cgroup v2's `cpu.max`, or v1's quota over period. */
function cgroupCpuLimit(): number {
  const [quota, period] = read("/sys/fs/cgroup/cpu.max")?.split(" ") ?? [
    read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    read("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
  ];
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/**
 * How many threads can really run at once: the cores this process may use, or the container's share of
 * them if that is less. ONNX Runtime's own default looks at the cores only.
 */
export function cpuLimit(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupCpuLimit())));
}
