import { DTypeError } from "../errors.ts";
import { requireRank, type ShapeRules } from "./shape-rule.ts";

/** Shape rule of sparse products. */
export const sparseShapes: ShapeRules<"sparseMatmul"> = {
  sparseMatmul: (inputs, _attrs, { shape }) => {
    const dtypes = ["int32", "int32", "float32", "float32"];
    const got = inputs.map(({ dtype }) => dtype);
    if (got.join() !== dtypes.join()) {
      const detail = `inputs must be ${dtypes.join(", ")}, got ${got.join(", ")}`;
      throw new DTypeError("sparseMatmul", detail);
    }
    requireRank("sparseMatmul", inputs, 3, 2, "[R, C]");
    return [{ shape, dtype: "float32" }];
  },
};
