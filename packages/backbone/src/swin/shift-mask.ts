import { tensor, type Tensor } from "@detectron-ts/tensor";
import type { GridSize } from "../transformer/windows.ts";

/** What is added to the score of two tokens that were not neighbours before the shift; softmax makes it nothing. */
const FAR_APART = -100;

/**
 * After tokens were moved up and left by `shift`, those that fell off came in at the other end, so that windows there hold
 * tokens from opposite sides of the image. This keeps them apart ("Swin Transformer", Liu et al. 2021, figure 4).
 *
 * @param size Rows and columns of tokens, multiples of the window's side.
 * @returns windows×tokens×tokens of 0 and -100, the windows row by row.
 */
export function shiftMask([height, width]: GridSize, windowSize: number, shift: number): Tensor {
  const tokens = windowSize ** 2;
  const [rows, columns] = [height / windowSize, width / windowSize];
  const mask = new Float32Array(rows * columns * tokens * tokens);
  // Only the last window along an axis has tokens from both ends.
  const side = (window: number, windows: number, position: number): number =>
    window === windows - 1 && position >= windowSize - shift ? 1 : 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (row < rows - 1 && column < columns - 1) continue;
      const parts = Uint8Array.from({ length: tokens }, (_, token) => {
        const below = side(row, rows, Math.floor(token / windowSize));
        return 2 * below + side(column, columns, token % windowSize);
      });
      const start = (row * columns + column) * tokens * tokens;
      for (let a = 0; a < tokens; a++) {
        for (let b = 0; b < tokens; b++) {
          if (parts[a] !== parts[b]) mask[start + a * tokens + b] = FAR_APART;
        }
      }
    }
  }
  return tensor(mask, { shape: [rows * columns, tokens, tokens] });
}
