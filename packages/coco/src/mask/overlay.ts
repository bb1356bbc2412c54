import type { RunLengths } from "./rle.ts";

/**
 * Walks two masks of one size together and reports each stretch over which neither changes.
 *
 * @param visit - called with the length of the stretch (above 0) and both values.
 */
export function overlay(
  first: RunLengths,
  second: RunLengths,
  visit: (length: number, inFirst: boolean, inSecond: boolean) => void,
): void {
  const pixels = first.height * first.width;
  let firstRun = 0;
  let secondRun = 0;
  let firstEnd = first.runs[0] ?? 0;
  let secondEnd = second.runs[0] ?? 0;
  for (let position = 0; position < pixels;) {
    while (firstEnd === position) firstEnd += first.runs[++firstRun];
    while (secondEnd === position) secondEnd += second.runs[++secondRun];
    const end = Math.min(firstEnd, secondEnd);
    visit(end - position, firstRun % 2 === 1, secondRun % 2 === 1);
    position = end;
  }
}
