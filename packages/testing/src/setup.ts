import { expect } from "vitest";

import { compareAllclose, type Tolerance } from "./allclose.ts";

expect.extend({
  toBeAllclose(actual: unknown, expected: unknown, tolerance?: Tolerance) {
    const { pass, message } = compareAllclose(actual, expected, tolerance);
    return { pass, message: () => (pass ? `Expected arrays to differ, but ${message}` : message) };
  },
});
