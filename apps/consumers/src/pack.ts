import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { PublicPackage } from "./workspace.ts";

/** The tarball of every package, by package name. */
export type Tarballs = ReadonlyMap<string, string>;

/**
 * Packs packages as `pnpm publish` would, which replaces `workspace:` and `catalog:` by versions.
 *
 * @param packages The packages, built already.
 * @param folder Where the tarballs go.
 */
export async function packAll(
  packages: readonly PublicPackage[],
  folder: string,
): Promise<Tarballs> {
  const tarballs = new Map<string, string>();
  for (const { manifest, folder: source } of packages) {
    const file = join(folder, `${manifest.name.replace(/^@/, "").replace("/", "-")}.tgz`);
    await runCommand("pnpm", ["pack", "--out", file], source);
    tarballs.set(manifest.name, file);
  }
  return tarballs;
}
