/**
 * What a user gets: every public package is packed, installed with plain npm into an empty folder, imported,
 * type-checked and run. The packages must be built.
 *
 *     pnpm check:consumers [NAME ...]     all packages, or those named, without the scope
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage } from "./check-package.ts";
import { packAll } from "./pack.ts";
import { publicPackages, type PublicPackage } from "./workspace.ts";

/** npm and tsc each keep about a core busy. */
const PARALLEL_CHECKS = 2;

const all = await publicPackages();
const wanted = process.argv.slice(2).map((name) => `@detectron-ts/${name}`);
const queue = all.filter(({ manifest }) => wanted.length === 0 || wanted.includes(manifest.name));
const scratch = await mkdtemp(join(tmpdir(), "detectron-consumers-"));
let failures = 0;
try {
  const folder = join(scratch, "tarballs");
  await mkdir(folder);
  const tarballs = await packAll(all, folder);
  const check = async (publicPackage: PublicPackage): Promise<void> => {
    const start = performance.now();
    const { name } = publicPackage.manifest;
    try {
      const count = await checkPackage(publicPackage, tarballs, scratch);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`✓ ${name} (${count} packages installed, ${seconds} s)`);
    } catch (error) {
      failures += 1;
      console.error(`✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await check(next);
  };
  await Promise.all(Array.from({ length: PARALLEL_CHECKS }, worker));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(
  failures === 0 ? "All packages install, import and type-check." : `${failures} failed.`,
);
process.exitCode = failures === 0 ? 0 : 1;
