/** The most suggestions an error message carries. */
const MAX_SUGGESTIONS = 3;

/**
 * The names that `wanted` was probably meant to be, nearest first, at most three.
 *
 * Near means an edit distance (case ignored) of at most a third of the longer name. For dotted names a candidate with
 * the same last part counts as near too, since a key under the wrong parent is a common slip
 * (`MODEL.NUM_CLASSES` for `MODEL.ROI_HEADS.NUM_CLASSES`).
 */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  const lower = wanted.toLowerCase();
  const ranked: { name: string; distance: number }[] = [];
  for (const name of names) {
    const candidate = name.toLowerCase();
    const longer = Math.max(lower.length, candidate.length);
    const distance = editDistance(lower, candidate);
    if (distance <= longer / 3) ranked.push({ name, distance });
    else if (lastPart(candidate) === lastPart(lower)) ranked.push({ name, distance: longer });
  }
  return ranked
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Levenshtein distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
