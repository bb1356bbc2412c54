import type { GridSize } from "../transformer/windows.ts";

/** What the blocks of an MViT depend on. */
export interface BlockPlanOptions {
  /** Channels of tokens of the first stage. */
  readonly embedDim: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Heads of the first stage. */
  readonly numHeads: number;
  /** The last block of each stage. */
  readonly lastBlockIndexes: readonly number[];
  /** Tokens per key of the first stage, along each axis. */
  readonly adaptiveKvStride: number;
  /** Side of windows of the first stage in tokens; 0 for none. */
  readonly adaptiveWindowSize: number;
  /** Rows and columns of tokens of the first stage. */
  readonly inputSize: GridSize;
  /** Pixels from one token to the next in the first stage. */
  readonly stride: number;
}

/** The sizes of one block. */
export interface BlockPlan {
  readonly dim: number;
  readonly dimOut: number;
  readonly numHeads: number;
  readonly strideQ: number;
  readonly strideKv: number;
  /** 0 for attention to all tokens. */
  readonly windowSize: number;
  /** Rows and columns of tokens that enter. */
  readonly inputSize: GridSize;
  /** The feature that the block gives if it is the last of a stage, and pixels from one of its tokens to the next. */
  readonly feature: { readonly name: string; readonly stride: number } | null;
}

/**
 * The sizes of all blocks. At the first block of each stage but the first, queries are pooled 2×2 and channels and heads
 * doubled; keys are pooled less from stage to stage, so that their number stays. The last block of each stage but the first
 * attends to all tokens; those of the second and third stage pool keys twice as much, as that is many.
 */
export function planBlocks(options: BlockPlanOptions): BlockPlan[] {
  const { depth, lastBlockIndexes } = options;
  const [, secondLast, thirdLast] = lastBlockIndexes;
  const globalBlocks = lastBlockIndexes.slice(1);
  const plans: BlockPlan[] = [];
  let { embedDim: dim, numHeads, stride, inputSize } = options;
  let dimOut = dim;
  let keyStride = options.adaptiveKvStride;
  let windowSize = options.adaptiveWindowSize;
  let stage = 2;
  for (let i = 0; i < depth; i++) {
    const endsStage = lastBlockIndexes.includes(i);
    const startsStage = lastBlockIndexes.includes(i - 1);
    plans.push({
      dim,
      dimOut,
      numHeads,
      strideQ: startsStage ? 2 : 1,
      strideKv: i === secondLast || i === thirdLast ? 2 * keyStride : keyStride,
      windowSize: globalBlocks.includes(i) ? 0 : windowSize,
      inputSize,
      feature: endsStage ? { name: `scale${stage}`, stride } : null,
    });
    dim = dimOut;
    if (endsStage) {
      dimOut *= 2;
      numHeads *= 2;
      keyStride = Math.max(Math.floor(keyStride / 2), 1);
      stride *= 2;
      stage += 1;
    }
    if (startsStage) {
      windowSize = Math.floor(windowSize / 2);
      inputSize = [Math.floor(inputSize[0] / 2), Math.floor(inputSize[1] / 2)];
    }
  }
  return plans;
}
