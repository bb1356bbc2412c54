import { Terminal } from "./terminal.ts";

/**
 * Prints the warnings that packages hand to the process like those of commands; Node's own form, with numbers of processes
 * and advice for developers, is for developers: the variable DEBUG brings it back.
 */
export function printProcessWarnings(): void {
  if (process.env.DEBUG) return;
  const terminal = new Terminal(process);
  process.removeAllListeners("warning");
  process.on("warning", ({ message }) => terminal.warn(message));
}
