/** The most suggestions an error message carries. */
const MAX_SUGGESTIONS = 3;

/**
 * The names that `wanted` was probably meant to be, nearest first, at most three.
 *
 * Near means an edit distance, case ignored, of at most a third of the longer name. Of dotted names the leading parts that
 * both share don't count, and a name with the same last part is near too, since a key under the wrong parent is a common
 * slip (`MODEL.NUM_CLASSES` for `MODEL.ROI_HEADS.NUM_CLASSES`).
 */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  const ranked: { name: string; distance: number }[] = [];
  for (const name of names) {
    const [a, b] = withoutSharedParts(wanted.toLowerCase(), name.toLowerCase());
    const longer = Math.max(a.length, b.length);
    const distance = editDistance(a, b);
    if (distance <= longer / 3) ranked.push({ name, distance });
    else if (lastPart(a) === lastPart(b)) ranked.push({ name, distance: longer });
  }
  return ranked
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

function withoutSharedParts(a: string, b: string): [string, string] {
  const [partsA, partsB] = [a.split("."), b.split(".")];
  const shorter = Math.min(partsA.length, partsB.length);
  let shared = 0;
  while (shared < shorter - 1 && partsA[shared] === partsB[shared]) shared++;
  return [partsA.slice(shared).join("."), partsB.slice(shared).join(".")];
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
