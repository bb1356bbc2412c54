/** Where lines for people go unless they are wanted elsewhere: standard output. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
