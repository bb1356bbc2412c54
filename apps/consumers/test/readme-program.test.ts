import { describe, expect, it } from "vitest";
import { importedPackages } from "../src/readme-program.ts";

describe("importedPackages", () => {
  it("finds static, type, side-effect and dynamic imports of our packages, each once", () => {
    const source = `
      import "@detectron-ts/runtime";
      import ndarray from "ndarray";
      import { Boxes, type Instances } from "@detectron-ts/structures";
      import type { Tensor } from '@detectron-ts/tensor';
      const { tensor } = await import("@detectron-ts/tensor");
    `;
    expect(importedPackages(source)).toEqual([
      "@detectron-ts/runtime",
      "@detectron-ts/structures",
      "@detectron-ts/tensor",
    ]);
  });

  it("finds none in a program that only mentions a package", () => {
    expect(importedPackages('console.log("npm install @detectron-ts/nn");')).toEqual([]);
  });
});
