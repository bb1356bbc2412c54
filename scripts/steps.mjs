/** Running other programs, quietly when all is well. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env] The program's environment; this process's own by default.
 */

/**
 * Runs a program in the repository's root on this terminal.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>} The exit status; 128 + n when signal n ended the program, as shells have it.
 */
export function run(program, args, { env = process.env } = {}) {
  return finished(
    spawn(program, args, { cwd: root, env, stdio: "inherit", shell: needsShell(program) }),
    program,
  );
}

/**
 * Runs one named step. Its output is held back, and shown only when it fails.
 *
 * @param {string} name What the step does, as a sentence without its full stop.
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions & { show?: boolean, hint?: string }} [options] `show` lets the output through as it comes;
 *   `hint` is a last line for the reader of a failure.
 * @throws {Error} When the program fails.
 */
export async function step(name, program, args, { env = process.env, show = false, hint } = {}) {
  console.log(`▸ ${name} …`);
  const start = performance.now();
  const output = show ? "inherit" : "pipe";
  const child = spawn(program, args, {
    cwd: root,
    env,
    stdio: ["ignore", output, output],
    shell: needsShell(program),
  });
  /** @type {Buffer[]} */
  const held = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => held.push(chunk));
  const code = await finished(child, program);
  if (code !== 0) {
    process.stderr.write(Buffer.concat(held));
    throw new Error(`${name} failed (exit status ${code}).${hint ? ` ${hint}` : ""}`);
  }
  console.log(`  done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {string} program
 * @returns {Promise<number>}
 */
function finished(child, program) {
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new Error(`${program} could not be started: ${error.message}`)),
    );
    child.once("close", (code, signal) =>
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  });
}

/**
 * On Windows npm and pnpm are batch files, which only a shell can start.
 * @param {string} program
 */
export function needsShell(program) {
  return process.platform === "win32" && program !== process.execPath;
}
