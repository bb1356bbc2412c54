import { cpuLimit } from "./cpu-limit.ts";
import { RuntimeOptionError } from "./errors.ts";

/** How graphs are compiled and run. */
export interface RuntimeOptions {
  /** Threads of a session that does heavy work. Default: the cores this process can really use. */
  readonly threads: number;
  /**
   * `fast` keeps an arena of memory between runs; `low` gives memory back after each, for about 15 % of the
   * speed.
   */
  readonly memory: "fast" | "low";
  /** ONNX Runtime's execution providers, in order of preference. */
  readonly executionProviders: readonly string[];
  /** Upper bound of the compiled models kept, in bytes; the least recently used go first. */
  readonly cacheBytes: number;
  /**
   * Upper bound of the parameters baked into one session, in bytes; the rest is fed at each run. A model cannot hold 2 GiB, and
   * the largest of transformers have more. Default: 1.5 GiB.
   */
  readonly bakedBytes: number;
  /** Whether every graph is verified before it runs. Default: when `DETECTRON_VERIFY=1`. */
  readonly verify: boolean;
}

/** The options in force until {@link RuntimeOptions} are set. */
export function defaultRuntimeOptions(): RuntimeOptions {
  return {
    threads: cpuLimit(),
    memory: "fast",
    executionProviders: ["cpu"],
    cacheBytes: 2 * 1024 ** 3,
    bakedBytes: 1.5 * 1024 ** 3,
    verify: process.env.DETECTRON_VERIFY === "1",
  };
}

/**
 * Merges options over others.
 *
 * @throws RuntimeOptionError for a value that cannot be used; nothing is changed.
 */
export function mergeRuntimeOptions(
  base: RuntimeOptions,
  changes: Partial<RuntimeOptions>,
): RuntimeOptions {
  const merged = { ...base, ...changes };
  if (!Number.isInteger(merged.threads) || merged.threads < 1) {
    throw new RuntimeOptionError("threads", merged.threads, "a positive integer");
  }
  for (const option of ["cacheBytes", "bakedBytes"] as const) {
    if (!(merged[option] >= 0)) {
      throw new RuntimeOptionError(option, merged[option], "a number of bytes");
    }
  }
  if (merged.executionProviders.length === 0) {
    throw new RuntimeOptionError("executionProviders", "[]", "at least one provider");
  }
  return merged;
}
