import type { Lowerings } from "./lowering.ts";

/** ONNX operators of sparse products. */
export const sparseLowerings: Lowerings<"sparseMatmul"> = {
  // A loop over the blocks: each gathers the rows its entries name and sums them up by its values, as a product of small
  // matrices. What it gathers is dropped after each block: for all blocks at once it would be many times the result.
  sparseMatmul: (context) => {
    const [offsets, columns, values, dense] = context.inputs();
    const rows = context.lifted("rows", 1);
    const shape = context.lifted("shape", 2);
    const rest = context.int64([-1]);
    const grid = context.emit("Concat", [rows, rest], { attributes: { axis: { int: 0 } } });
    const stack = context.emit("Concat", [rows, context.int64([1, -1])], {
      attributes: { axis: { int: 0 } },
    });
    const begins = context.emit("Slice", [offsets!, context.int64([0]), rest]);
    const ends = context.emit("Slice", [offsets!, context.int64([1]), context.int64([LAST])]);
    const numBlocks = context.emit("Size", [begins]);

    const body = context.subgraph(
      [
        { dtype: "int64", rank: 0 },
        { dtype: "bool", rank: 0 },
      ],
      ([block, goOn]) => {
        const index = context.emit("Unsqueeze", [block!, context.int64([0])]);
        const begin = context.emit("Gather", [begins, index]);
        const end = context.emit("Gather", [ends, index]);
        const blockColumns = context.emit("Slice", [columns!, begin, end]);
        const blockValues = context.emit("Slice", [values!, begin, end]);
        const gathered = context.emit("Gather", [
          dense!,
          context.emit("Reshape", [blockColumns, grid]),
        ]);
        const product = context.emit("MatMul", [
          context.emit("Reshape", [blockValues, stack]),
          gathered,
        ]);
        return [
          { name: context.emit("Identity", [goOn!]), dtype: "bool", rank: 0 },
          { name: product, dtype: "float32", rank: 3 },
        ];
      },
    );
    const products = context.emit("Loop", [numBlocks, ""], { attributes: { body } });
    context.emit("Reshape", [products, shape], {
      attributes: { allowzero: { int: 1 } },
      outputs: [context.output(0)],
    });
  },
};

/** Stands for the end of any axis. */
const LAST = 2 ** 31 - 1;
