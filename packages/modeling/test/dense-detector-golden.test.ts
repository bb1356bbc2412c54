import { join } from "node:path";

import {
  DenseDetector,
  type FCOSPredictions,
  type RetinaNetPredictions,
} from "@detectron-ts/modeling";
import { goldenRoot } from "@detectron-ts/testing";
import { beforeAll, describe, expect, it } from "vitest";

import { GoldenCase, type GoldenRun, RUNS } from "./golden-case.ts";
import { tinyFcos } from "./tiny-fcos.ts";

type Detector = DenseDetector<RetinaNetPredictions> | DenseDetector<FCOSPredictions>;

const root = goldenRoot();

const CASES = [
  {
    name: "infer_retinanet_R_50_FPN",
    load: (golden: GoldenCase) => golden.loadModel<DenseDetector<RetinaNetPredictions>>(),
  },
  {
    name: "infer_fcos_R_50_FPN",
    load: (golden: GoldenCase) =>
      golden.loadModel<Detector>(() =>
        tinyFcos({
          depth: 50,
          channels: 16,
          pyramidChannels: 32,
          numConvs: 2,
          numClasses: 20,
          norm: "GN",
        }),
      ),
  },
];

/** What a head predicts, in the order that it does. */
const KINDS = ["logits", "deltas", "ctrness"];

describe.runIf(root).each(CASES)("the recorded $name", ({ name, load }) => {
  let golden: GoldenCase;
  let model: Detector;
  beforeAll(async () => {
    golden = new GoldenCase(join(root!, name));
    model = await load(golden);
  });

  describe.each(RUNS)("%s", (runName) => {
    let run: GoldenRun;
    beforeAll(() => {
      run = golden.run(runName);
    });

    it("has the same feature maps and predictions", async () => {
      const images = model.preprocessImage(run.inputs);
      const features = model.features(images.tensor);
      const predictions: readonly (readonly { data(): Promise<ArrayLike<number | bigint>> }[])[] =
        model.head(features);
      const atol = golden.tolerances.features;
      for (const [i, level] of model.headInFeatures.entries()) {
        const { shape, sample_stride: stride = 1 } = run.results.feature_stats[level];
        expect(features[i].shape).toEqual(shape);
        const sample = Array.from(await features[i].data(), Number).filter(
          (_, at) => at % stride === 0,
        );
        const recorded =
          run.recorded.tensors.get(`features.${level}`) ??
          run.recorded.tensor(`features_sample.${level}`);
        expect(sample).toBeAllclose(recorded.data, { atol, rtol: 0 });
        for (const [kind, levels] of predictions.entries()) {
          const complete = run.recorded.tensors.get(`dense_head.${KINDS[kind]}.${i}`);
          if (complete !== undefined)
            expect(await levels[i].data()).toBeAllclose(complete.data, { atol: 2 * atol, rtol: 0 });
        }
      }
    });

    it("has the same detections in the same order", async () => {
      const outputs = await model.inference(run.inputs);
      const { boxes_px, scores } = golden.tolerances;
      for (const [i, { instances }] of outputs.entries()) {
        const of = (field: string) => run.recorded.tensor(`${i}.instances.${field}`);
        expect(instances.predClasses).toBeAllclose(of("pred_classes"), { atol: 0, rtol: 0 });
        expect(instances.scores).toBeAllclose(of("scores"), { atol: scores, rtol: 0 });
        expect(instances.predBoxes.tensor).toBeAllclose(of("pred_boxes"), {
          atol: boxes_px,
          rtol: 0,
        });
      }
    });
  });
});
