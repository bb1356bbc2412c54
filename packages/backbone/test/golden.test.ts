import "@detectron-ts/runtime";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint, type TensorValue, toFloat32 } from "@detectron-ts/checkpoint";
import { realize } from "@detectron-ts/tensor";
import { type Golden, goldenRoot, goldenTensors, loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";
import { type Backbone, BackboneModule, buildBackbone } from "../src/index.ts";
import { backboneEntries, configFor, everyNth, preprocess, type RecordedImage } from "./support.ts";

interface Recorded {
  readonly config: string;
  readonly overrides: readonly string[];
  readonly tolerance_hint: { readonly features: number };
}

type FeatureStats = Record<string, { readonly shape: number[]; readonly sample_stride?: number }>;

function built(cfg: ReturnType<typeof configFor>): BackboneModule {
  const backbone = buildBackbone(cfg);
  if (!(backbone instanceof BackboneModule)) throw new TypeError("no module");
  return backbone.eval() as BackboneModule;
}

async function expectFeatures(
  backbone: Backbone,
  images: ReturnType<typeof preprocess>,
  golden: Golden,
  stats: FeatureStats,
  atol: number,
): Promise<void> {
  const features = backbone(images);
  expect(Object.keys(features)).toEqual(Object.keys(stats));
  await realize(...Object.values(features));
  for (const [level, { shape, sample_stride }] of Object.entries(stats)) {
    expect(features[level].shape).toEqual(shape);
    const recorded = golden.tensors.get(`features.${level}`);
    const values = features[level].dataSync();
    const step = recorded ? 1 : (sample_stride ?? 1);
    const { data } = recorded ?? golden.tensor(`features_sample.${level}`);
    expect(everyNth(values, step)).toBeAllclose(data, { atol, rtol: 0 });
  }
}

it("computes detectron2's features of a pyramid on a ResNet-50", async () => {
  const golden = loadGolden<Recorded & { feature_stats: FeatureStats }>(
    new URL("./golden/rpn_R_50_FPN", import.meta.url),
  );
  const { config, overrides, tolerance_hint, feature_stats } = golden.json;
  const cfg = configFor(config, overrides);
  const backbone = built(cfg);
  backbone.loadStateDict(backboneEntries(golden.tensors));
  const images = preprocess([golden.uint8("image")], cfg.MODEL, backbone.sizeDivisibility);
  await expectFeatures(backbone, images, golden, feature_stats, tolerance_hint.features);
});

const CASES = [
  "infer_mask_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN_cls_agnostic",
  "infer_mask_rcnn_R_50_FPN_dconv",
  "infer_mask_rcnn_R_50_FPN_mdconv",
  "infer_scratch_mask_rcnn_R_50_FPN_gn",
  "infer_faster_rcnn_R_50_C4",
  "infer_faster_rcnn_R_50_DC5",
  "infer_fast_rcnn_R_50_FPN",
  "infer_rpn_R_50_FPN",
  "infer_retinanet_R_50_FPN",
];

describe.runIf(goldenRoot())("with detectron2's recorded models", () => {
  const root = goldenRoot() ?? "";
  const inputs = goldenRoot() ? goldenTensors("inputs/inputs_184") : undefined;
  const image = (index: number): RecordedImage => inputs!.uint8(`${index}.image`);

  for (const name of CASES) {
    it(`has the features of ${name}, of one image and of a batch`, async () => {
      const readJson = (file: string) => JSON.parse(readFileSync(join(root, name, file), "utf8"));
      const recorded: Recorded & { checkpoint: { file: string } } = readJson("case.json");
      const results: Record<string, { feature_stats: FeatureStats }> = readJson("results.json");
      const cfg = configFor(recorded.config, recorded.overrides);
      const backbone = built(cfg);
      await using checkpoint = await readCheckpoint(join(root, name, recorded.checkpoint.file));
      const weights = new Map<string, TensorValue>();
      for (const [key, stored] of backboneEntries(checkpoint.model)) {
        const { shape, dtype, data } = await stored.read();
        weights.set(key, { shape, dtype, data: toFloat32(dtype, data) });
      }
      backbone.loadStateDict(weights);

      for (const [run, indices] of [
        ["single", [0]],
        ["batch", [0, 1]],
      ] as const) {
        const images = preprocess(indices.map(image), cfg.MODEL, backbone.sizeDivisibility);
        const golden = goldenTensors(`${name}/${run}`);
        const { feature_stats } = results[run];
        const atol = recorded.tolerance_hint.features;
        await expectFeatures(backbone, images, golden, feature_stats, atol);
      }
    });
  }
});
