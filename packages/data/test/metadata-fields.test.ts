import { MetadataCatalog } from "@detectron-ts/data";
import { expect, expectTypeOf, it } from "vitest";

declare module "@detectron-ts/data" {
  interface MetadataFields {
    license: string;
  }
}

it("metadata takes keys that others declare, with their types", () => {
  const metadata = MetadataCatalog.get("metadata-fields").set({ license: "CC0", year: 2012 });
  expectTypeOf(metadata.get("license")).toEqualTypeOf<string>();
  expect(metadata.get("license")).toBe("CC0");
});
