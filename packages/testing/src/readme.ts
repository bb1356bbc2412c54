import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** What a program printed. */
export interface ProgramRun {
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link runProgram}. */
export interface RunProgramOptions {
  /** Puts files into the folder that the program runs in. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** The limit on its run time, in milliseconds; 50 seconds when left out. */
  readonly timeLimit?: number;
}

/**
 * Runs the first `ts` block of a package's README from the workspace's sources; see {@link runProgram}.
 *
 * @param packageDir The package's folder: `new URL("..", import.meta.url)` in a test.
 * @throws Error when there is no such block, or with the program's output when it fails.
 */
export async function runReadmeExample(packageDir: URL | string): Promise<ProgramRun> {
  const folder = pathOf(packageDir);
  const code = firstTypeScriptBlock(await readFile(join(folder, "README.md"), "utf8"));
  if (code === undefined) throw new Error(`${folder}/README.md has no \`\`\`ts block`);
  return runProgram(packageDir, code);
}

/**
 * Runs a TypeScript program from the workspace's sources.
 *
 * The code is written to a temporary folder inside the package, so that imports by published name (its own included)
 * resolve as they do for the package itself, and runs there in a process of its own.
 *
 * @param packageDir The folder of a package that depends on all that the program imports.
 * @throws Error with the program's output when it fails.
 */
export async function runProgram(
  packageDir: URL | string,
  code: string,
  { prepare, timeLimit = 50_000 }: RunProgramOptions = {},
): Promise<ProgramRun> {
  const scratch = await mkdtemp(join(pathOf(packageDir), ".readme-example-"));
  try {
    const file = join(scratch, "example.ts");
    await writeFile(file, code);
    await prepare?.(scratch);
    const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
    return await promisify(execFile)(
      process.execPath,
      ["--conditions", "@detectron-ts/source", "--import", loader, file],
      { cwd: scratch, timeout: timeLimit, killSignal: "SIGKILL" },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The content of the first fenced block tagged `ts`. */
export function firstTypeScriptBlock(markdown: string): string | undefined {
  return typeScriptBlocks(markdown)[0];
}

/** The contents of all fenced blocks tagged `ts`, in order: a tutorial's program in its pieces. */
export function typeScriptBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\s*\n([\s\S]*?)^```\s*$/gm)].map(([, code]) => code);
}

const pathOf = (folder: URL | string): string =>
  folder instanceof URL ? fileURLToPath(folder) : folder;
