import { expect } from "vitest";

import { compareAllclose, type Tolerance } from "./allclose.ts";

declare module "vitest" {
  // The type parameter repeats vitest's own declaration, which interface merging requires.
  interface Matchers<T = any> {
    /**
     * Passes when every element lies within `atol + rtol * |expected|` of `expected`. Both sides may be numbers, nested
     * arrays, typed arrays or strided arrays (`ndarray`); shapes must agree when both sides have one.
     */
    toBeAllclose(expected: unknown, tolerance?: Tolerance): T;
  }
}

expect.extend({
  toBeAllclose(actual: unknown, expected: unknown, tolerance?: Tolerance) {
    const { pass, message } = compareAllclose(actual, expected, tolerance);
    return { pass, message: () => (pass ? `Expected arrays to differ, but ${message}` : message) };
  },
});
