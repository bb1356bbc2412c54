import { LayerOptionError } from "@detectron-ts/nn";

/** How the widths of a RegNet's blocks follow from four numbers ("Designing Network Design Spaces", Radosavovic et al. 2020). */
export interface RegNetParameters {
  /** Blocks in all. */
  readonly depth: number;
  /** Slope: by how much each block is wider than the one before, ahead of quantisation; at least 0. */
  readonly wA: number;
  /** Width of the first block; a multiple of 8. */
  readonly w0: number;
  /** Ratio of the widths of consecutive stages, about; above 1. */
  readonly wM: number;
}

/** Output channels and number of blocks of each stage. */
export interface StageSizes {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
}

/** Widths are multiples of this. */
const QUANTUM = 8;

/**
 * Widths and depths of the stages. Block j is to be u_j = w0 + wA·j wide (equation 2 of the paper). Widths are to be
 * w0·wM^s for integers s: s_j = log(u_j / w0) / log(wM), rounded (equations 3 and 4), and then multiples of 8. Blocks of
 * equal width make a stage. Mirrors `generate_regnet_parameters` of detectron2.
 *
 * @throws LayerOptionError when a parameter is out of its range.
 */
export function generateRegnetParameters({ depth, wA, w0, wM }: RegNetParameters): StageSizes {
  check("depth", depth, Number.isInteger(depth) && depth > 0, "an integer above 0");
  check("wA", wA, wA >= 0, "at least 0");
  check("w0", w0, w0 > 0 && w0 % QUANTUM === 0, "a positive multiple of 8");
  check("wM", wM, wM > 1, "above 1");
  const blocksOfWidth = new Map<number, number>();
  for (let j = 0; j < depth; j++) {
    const exponent = roundHalfToEven(Math.log((w0 + wA * j) / w0) / Math.log(wM));
    const width = roundHalfToEven((w0 * wM ** exponent) / QUANTUM) * QUANTUM;
    blocksOfWidth.set(width, (blocksOfWidth.get(width) ?? 0) + 1);
  }
  const stages = [...blocksOfWidth].sort(([a], [b]) => a - b);
  return { widths: stages.map(([width]) => width), depths: stages.map(([, blocks]) => blocks) };
}

/** The convolution groups of a stage. */
export interface StageGroups {
  /** Output channels. */
  readonly width: number;
  /** Channels of one group. */
  readonly groupWidth: number;
}

/**
 * The nearest width and group width that go with each other: the channels inside the bottleneck, `width · ratio`, have to
 * divide into groups. Mirrors `adjust_block_compatibility` of detectron2.
 */
export function adjustGroups(width: number, ratio: number, groupWidth: number): StageGroups {
  const inside = Math.trunc(Math.max(1, width * ratio));
  const group = Math.min(groupWidth, inside);
  // The width, inside / ratio, has to be whole too.
  const multiple = ratio > 1 ? leastCommonMultiple(group, ratio) : group;
  const adjusted = Math.max(multiple, roundHalfToEven(inside / multiple) * multiple);
  return { width: Math.trunc(adjusted / ratio), groupWidth: group };
}

/** Rounds as NumPy and Python do: a half goes to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function leastCommonMultiple(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return (a / larger) * b;
}

function check(option: string, got: number, isRight: boolean, wanted: string): void {
  if (!isRight) throw new LayerOptionError("RegNet", option, `has to be ${wanted}, got ${got}`);
}
