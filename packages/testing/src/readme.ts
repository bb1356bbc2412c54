import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** What a README's example printed. */
export interface ReadmeRun {
  readonly stdout: string;
  readonly stderr: string;
}

/** The limit on an example's run time, in milliseconds. */
const TIME_LIMIT = 50_000;

/**
 * Runs the first `ts` block of a package's README from the workspace's sources.
 *
 * The code is written to a temporary folder inside the package, so that imports by published name (its own included)
 * resolve as they do for the package itself, and runs in a process of its own.
 *
 * @param packageDir The package's folder: `new URL("..", import.meta.url)` in a test.
 * @throws Error when there is no such block, or with the program's output when it fails.
 */
export async function runReadmeExample(packageDir: URL | string): Promise<ReadmeRun> {
  const folder = packageDir instanceof URL ? fileURLToPath(packageDir) : packageDir;
  const code = firstTypeScriptBlock(await readFile(join(folder, "README.md"), "utf8"));
  if (code === undefined) throw new Error(`${folder}/README.md has no \`\`\`ts block`);
  const scratch = await mkdtemp(join(folder, ".readme-example-"));
  try {
    const file = join(scratch, "example.ts");
    await writeFile(file, code);
    const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
    return await promisify(execFile)(
      process.execPath,
      ["--conditions", "@detectron-ts/source", "--import", loader, file],
      { cwd: scratch, timeout: TIME_LIMIT, killSignal: "SIGKILL" },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The content of the first fenced block tagged `ts`. */
export function firstTypeScriptBlock(markdown: string): string | undefined {
  return /^```ts\s*\n([\s\S]*?)^```\s*$/m.exec(markdown)?.[1];
}
