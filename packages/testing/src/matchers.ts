import type { Tolerance } from "./allclose.ts";

/** What `setup.ts` adds to `expect(…)`. */
export interface AllcloseMatchers<T> {
  /**
   * Passes when every element lies within `atol + rtol * |expected|` of `expected`. Both sides may be numbers, nested
   * arrays, typed arrays or strided arrays (`ndarray`); shapes must agree when both sides have one.
   */
  toBeAllclose(expected: unknown, tolerance?: Tolerance): T;
}

declare module "vitest" {
  // The type parameter repeats vitest's own declaration, which interface merging requires.
  // oxlint-disable-next-line typescript/no-explicit-any
  interface Matchers<T = any> extends AllcloseMatchers<T> {}
}
