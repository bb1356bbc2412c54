import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Consumer } from "./consumer.ts";
import type { Tarballs } from "./pack.ts";
import { readmeProgram } from "./readme-program.ts";
import type { PublicPackage } from "./workspace.ts";

/** Packages that promise to install without ONNX Runtime and its hundreds of megabytes. */
const withoutRuntime = ["config", "structures", "layers", "nn", "tensor"];

/**
 * Installs one package alone into an empty folder, looks at what came with it, imports it, then type-checks and runs
 * the program of its README there.
 *
 * @param publicPackage The package.
 * @param tarballs The tarballs of all our packages.
 * @param scratch A folder to work in.
 * @returns How many packages npm installed.
 * @throws {Error} That says what a user of the package would have met.
 */
export async function checkPackage(
  publicPackage: PublicPackage,
  tarballs: Tarballs,
  scratch: string,
): Promise<number> {
  const { manifest } = publicPackage;
  const folder = join(scratch, manifest.name.replace(/^@.*\//, ""));
  const consumer = await Consumer.create(folder, tarballs);
  try {
    await consumer.install(manifest.name);
    const installed = await consumer.installed();
    refuseRuntime(manifest.name, installed);
    await useEntries(consumer, publicPackage);
    if (manifest.exports?.["."]) await tryReadme(consumer, publicPackage, installed);
    return installed.size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refuseRuntime(name: string, installed: ReadonlySet<string>): void {
  if (!withoutRuntime.includes(name.replace("@detectron-ts/", ""))) return;
  const unwanted = [...installed].filter((other) => other.startsWith("onnxruntime-"));
  if (unwanted.length > 0) throw new Error(`Installing ${name} brought in ${unwanted.join(", ")}.`);
}

/** Uses each way in that the manifest names: the exported modules and the commands. */
async function useEntries(consumer: Consumer, { manifest }: PublicPackage): Promise<void> {
  for (const path of Object.keys(manifest.exports ?? {})) {
    // A pattern stands for data files, which no import reaches.
    if (!path.includes("*")) await consumer.import(manifest.name + path.slice(1));
  }
  for (const command of Object.keys(manifest.bin ?? {})) await consumer.command(command, "--help");
}

/** A README may show its package together with others, which its reader installs as well. */
async function tryReadme(
  consumer: Consumer,
  publicPackage: PublicPackage,
  installed: ReadonlySet<string>,
): Promise<void> {
  const { source, imports } = await readmeProgram(publicPackage);
  const missing = imports.filter((name) => !installed.has(name));
  if (missing.length > 0) await consumer.install(...missing);
  await consumer.runProgram(source);
}
