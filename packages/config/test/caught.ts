import { expect } from "vitest";

/** The error of the given class that `run` throws. */
export function caught<Kind extends Error>(
  Class: abstract new (...args: never[]) => Kind,
  run: () => unknown,
): Kind {
  try {
    run();
  } catch (error) {
    if (error instanceof Class) return error;
    throw error;
  }
  return expect.fail(`expected a ${Class.name}`);
}
