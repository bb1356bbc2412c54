import { describe, expect, it } from "vitest";
import { errorsOfInterest } from "../src/diagnostics.ts";

describe("errorsOfInterest", () => {
  it("keeps errors of the program and of our declarations, with their elaborations", () => {
    const output = [
      "program.ts(3,1): error TS2322: Type 'string' is not assignable to type 'number'.",
      "  The expected type comes from property 'a'.",
      "node_modules/@detectron-ts/nn/dist/index.d.ts(1,26): error TS7016: Could not find a declaration file.",
      "",
    ].join("\n");
    const errors = errorsOfInterest(output);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain("The expected type comes from property 'a'.");
    expect(errors[1]).toMatch(/^node_modules\/@detectron-ts\/nn/);
  });

  it("leaves out errors in other people's declarations, nested ones too", () => {
    const output = [
      "node_modules/sharp/lib/index.d.ts(1,1): error TS2304: Cannot find name 'X'.",
      "node_modules/@detectron-ts/image/node_modules/sharp/lib/index.d.ts(1,1): error TS2304: Cannot find name 'X'.",
    ].join("\n");
    expect(errorsOfInterest(output)).toEqual([]);
  });

  it("keeps an error that belongs to no file", () => {
    expect(errorsOfInterest("error TS5023: Unknown compiler option 'x'.")).toHaveLength(1);
  });
});
