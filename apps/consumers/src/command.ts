import { spawn } from "node:child_process";

/** A command that ended with another status than 0. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** The command line. */
  readonly command: string;
  /** The exit status; `null` when a signal ended the command. */
  readonly status: number | null;
  /** All that the command wrote, to stdout and stderr. */
  readonly output: string;

  constructor(command: string, status: number | null, output: string) {
    super(`${command} ended with status ${status}:\n${output.trim()}`);
    this.command = command;
    this.status = status;
    this.output = output;
  }
}

/**
 * Runs a program to its end and returns what it wrote to stdout and stderr.
 *
 * @throws {CommandError} When its exit status isn't 0.
 */
export function runCommand(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      // On Windows npm and pnpm are batch files, which only a shell can start.
      shell: process.platform === "win32" && program !== process.execPath,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    }
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(output);
      else reject(new CommandError([program, ...args].join(" "), status, output));
    });
  });
}
