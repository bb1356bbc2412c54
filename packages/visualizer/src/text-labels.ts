/**
 * The labels of instances, such as `fig 95%`.
 *
 * @param classes Class indices; undefined for labels without class names.
 * @param scores Between 0 and 1; undefined for labels without scores.
 * @param classNames Names by class index; the index itself stands for a missing name.
 * @param isCrowd Marks the labels of crowds with `|crowd`.
 * @returns undefined when there is neither a class nor a score to show.
 */
export function createTextLabels(
  classes: readonly number[] | undefined,
  scores: readonly number[] | undefined,
  classNames?: readonly string[],
  isCrowd?: readonly boolean[],
): string[] | undefined {
  const count = classes?.length ?? scores?.length;
  if (count === undefined) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const parts: string[] = [];
    if (classes) parts.push(classNames?.[classes[index]] ?? String(classes[index]));
    if (scores) parts.push(`${roundHalfToEven(scores[index] * 100)}%`);
    return parts.join(" ") + (isCrowd?.[index] ? "|crowd" : "");
  });
}

/** Rounding as Python's number formatting does it, so that 12.5 % shows as 12 %. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
