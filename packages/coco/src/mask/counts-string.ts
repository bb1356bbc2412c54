import { MalformedRleError } from "./errors.ts";

/*
 * COCO's string form of run lengths. From the fourth run on, the difference to the run two places before is written
 * (runs of equal colour resemble each other). A number is cut into groups of five bits, lowest first, in two's
 * complement; a group is one character, offset by 48, whose bit 5 says that another group follows. The top bit of the
 * last group is the sign.
 */

const ALPHABET_START = 48;
const GROUP_BITS = 5;
const GROUP_MASK = 0b11111;
const SIGN_BIT = 0b10000;
const MORE_BIT = 0b100000;
const FIRST_DIFFERENCE = 3;

/** Seven groups hold any difference of two 32-bit run lengths. */
const MAX_GROUPS = 7;

/** Writes run lengths (each below 2³¹) as a string. */
export function encodeCounts(runs: Uint32Array): string {
  const codes: number[] = [];
  for (let i = 0; i < runs.length; i++) {
    let rest = i < FIRST_DIFFERENCE ? runs[i] : runs[i] - runs[i - 2];
    for (let more = true; more;) {
      const group = rest & GROUP_MASK;
      rest >>= GROUP_BITS;
      // Done when the remaining bits only repeat the sign that this group already shows.
      more = rest !== (group & SIGN_BIT ? -1 : 0);
      codes.push(ALPHABET_START + (more ? group | MORE_BIT : group));
    }
  }
  return asciiString(codes);
}

/**
 * Reads run lengths that must cover exactly `pixels` pixels. The result is never longer than the string.
 *
 * @throws {@link MalformedRleError}
 */
export function decodeCounts(counts: string, pixels: number): Uint32Array {
  const runs = new Uint32Array(counts.length);
  let numRuns = 0;
  let covered = 0;
  for (let position = 0; position < counts.length;) {
    const start = position;
    let value = 0;
    let more = true;
    // Powers of two instead of shifts: seven groups make 35 bits.
    for (let weight = 1; more; weight *= 1 << GROUP_BITS) {
      if (position === counts.length) throw new MalformedRleError("the last number is cut", start);
      if (position - start === MAX_GROUPS)
        throw new MalformedRleError("a number is too long", start);
      const code = counts.charCodeAt(position) - ALPHABET_START;
      if (code < 0 || code > (GROUP_MASK | MORE_BIT)) {
        throw new MalformedRleError("a character outside the alphabet", position);
      }
      position++;
      value += (code & GROUP_MASK) * weight;
      more = (code & MORE_BIT) !== 0;
      if (!more && code & SIGN_BIT) value -= weight * (1 << GROUP_BITS);
    }
    if (numRuns >= FIRST_DIFFERENCE) value += runs[numRuns - 2];
    if (value < 0) throw new MalformedRleError(`a run of length ${value}`, start);
    covered += value;
    if (covered > pixels) {
      throw new MalformedRleError(`runs cover more than the mask's ${pixels} pixels`, start);
    }
    runs[numRuns++] = value;
  }
  if (covered !== pixels) {
    throw new MalformedRleError(`runs cover ${covered} of the mask's ${pixels} pixels`);
  }
  return runs.slice(0, numRuns);
}

/** `String.fromCharCode` in pieces: a call takes only so many arguments. */
function asciiString(codes: readonly number[]): string {
  const PIECE = 8192;
  let text = "";
  for (let start = 0; start < codes.length; start += PIECE) {
    text += String.fromCharCode(...codes.slice(start, start + PIECE));
  }
  return text;
}
