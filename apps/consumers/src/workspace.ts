import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The parts of a `package.json` that this check looks at. */
interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** A package of the workspace that gets published. */
export interface PublicPackage {
  readonly manifest: Manifest;
  /** Its folder in the workspace. */
  readonly folder: string;
}

/** The repository's root folder. */
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The folders of `pnpm-workspace.yaml`: those that hold packages, and one that is a package. */
const parents = ["packages", "apps"];
const single = ["configs"];

/** Every package of the workspace that isn't private, ordered by name. */
export async function publicPackages(): Promise<PublicPackage[]> {
  const folders = single.map((name) => join(root, name));
  for (const parent of parents) {
    const entries = await readdir(join(root, parent), { withFileTypes: true });
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(join(root, parent, entry.name));
    }
  }
  const packages = await Promise.all(
    folders.map(async (folder) => ({ folder, manifest: await readManifest(folder) })),
  );
  return packages
    .filter(({ manifest }) => !manifest.private)
    .sort((a, b) => a.manifest.name.localeCompare(b.manifest.name));
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}
