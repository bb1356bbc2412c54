import { roiAlign, tensor, type Tensor } from "@detectron-ts/tensor";
import { goldenRoot, goldenTensors } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";
import { evaluate } from "./support/evaluate.ts";

interface RoiAlignCases {
  readonly cases: readonly {
    readonly i: number;
    readonly aligned: boolean;
    readonly sampling_ratio: number;
    readonly spatial_scale: number;
    readonly output_size: readonly [number, number];
  }[];
}

describe.runIf(goldenRoot())("roiAlign", () => {
  it("pools as detectron2 does, with and without alignment, with fixed and adaptive samples", async () => {
    const golden = goldenTensors<RoiAlignCases>("ops/roi_align");
    const load = (name: string): Tensor => {
      const { data, shape } = golden.float32(name);
      return tensor(data, { shape });
    };
    for (const { i, ...recorded } of golden.json.cases) {
      const [result] = await evaluate(
        roiAlign(load(`${i}.input`), load(`${i}.rois`), {
          outputSize: recorded.output_size,
          spatialScale: recorded.spatial_scale,
          samplingRatio: recorded.sampling_ratio,
          aligned: recorded.aligned,
        }),
      );
      const expected = golden.float32(`${i}.output`).data;
      expect(Float32Array.from(result!.data)).toBeAllclose(expected, { atol: 2e-6, rtol: 2e-6 });
    }
  });
});
