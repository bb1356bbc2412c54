/** Whether strides of levels are powers of two, each twice the one before. */
export function arePyramidStrides(strides: readonly number[]): boolean {
  return strides.every(
    (stride, i) =>
      Number.isInteger(Math.log2(stride)) && (i === 0 || stride === 2 * strides[i - 1]),
  );
}
