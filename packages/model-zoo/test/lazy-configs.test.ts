import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import {
  applyOverrides,
  dumpLazyYaml,
  instantiate,
  isLazy,
  parseLazyYaml,
  TARGET,
} from "@detectron-ts/config";
import { type AnyModule, init } from "@detectron-ts/nn";
import { describe, expect, it } from "vitest";

import { cascadeRcnn } from "@detectron-ts/model-zoo/lazy";
import { getConfig, type LazyConfig, listLazyConfigs, UnknownConfigError } from "../src/index.ts";

interface RecordedParameters {
  readonly parameters: number;
  readonly trainable: number;
  readonly tensors: number;
  /** Of the state dict's sorted lines, `name AxBxC`. */
  readonly sha256: string;
}

interface RecordedSettings {
  readonly maxIter: number;
  readonly init: string;
  readonly evalPeriod: number;
  readonly lr: number;
  readonly weightDecay: number;
  readonly weightDecayNorm: number | null;
  readonly overrides: Readonly<Record<string, { readonly weight_decay: number }>>;
  /** The schedule's values at the progresses of `where`. */
  readonly multiplier: readonly number[];
  readonly totalBatchSize: number;
  readonly train: string;
  readonly test: string;
  readonly augmentations: readonly string[];
  readonly imageFormat: string;
  readonly useInstanceMask: boolean;
  readonly recompute: boolean;
  readonly pixelStd: readonly number[];
  readonly pixelMean: readonly number[];
  readonly numClasses: number;
  /** Of the parameters in {@link FACTOR_NAMES}. */
  readonly lrFactors: readonly number[] | null;
}

const FACTOR_NAMES = [
  "backbone.net.blocks.3.attn.qkv.weight",
  "backbone.net.pos_embed",
  "roi_heads.x",
];

function golden<Json>(name: string): Json {
  return JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), "utf8"));
}

const { configs: recordedParameters } = golden<{ configs: Record<string, RecordedParameters> }>(
  "lazy-parameters",
);
const { configs: recordedSettings, where } = golden<{
  configs: Record<string, RecordedSettings>;
  where: number[];
}>("lazy-settings");

const base = (name: string): string => name.replace(/\.py$/, "");

/** The value at a path of a tree whose type says less. */
function at(tree: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], tree);
}

async function buildModel(config: LazyConfig): Promise<AnyModule> {
  const { model } = config;
  return init.withoutDrawing(() => instantiate(model, { within: config }) as AnyModule);
}

describe("the lazy configs", () => {
  it("are all that detectron2 writes in Python, but those of other libraries' models", () => {
    const recorded = Object.keys(recordedSettings).map((name) => `${name}.py`);
    expect(recorded.sort()).toEqual(listLazyConfigs().toSorted());
  });

  it.each(listLazyConfigs())("%s has detectron2's settings", async (name) => {
    const config = await getConfig(name);
    const recorded = recordedSettings[base(name)];
    const { model, dataloader, optimizer, lrMultiplier, train } = config;
    expect({
      maxIter: train.maxIter,
      init: train.initCheckpoint,
      evalPeriod: train.evalPeriod,
      lr: at(optimizer, "lr"),
      weightDecay: at(optimizer, "weightDecay"),
      totalBatchSize: at(dataloader, "train.totalBatchSize"),
      train: at(dataloader, "train.dataset.names"),
      test: at(dataloader, "test.dataset.names"),
      useInstanceMask: at(dataloader, "train.mapper.useInstanceMask"),
      recompute: at(dataloader, "train.mapper.recomputeBoxes") ?? false,
      pixelMean: at(model, "pixelMean"),
      pixelStd: at(model, "pixelStd"),
      numClasses: at(model, "roiHeads.numClasses") ?? at(model, "numClasses"),
    }).toEqual({
      maxIter: recorded.maxIter,
      init: recorded.init,
      evalPeriod: recorded.evalPeriod,
      lr: recorded.lr,
      weightDecay: recorded.weightDecay,
      totalBatchSize: recorded.totalBatchSize,
      train: recorded.train,
      test: recorded.test,
      useInstanceMask: recorded.useInstanceMask,
      recompute: recorded.recompute,
      pixelMean: recorded.pixelMean,
      pixelStd: recorded.pixelStd,
      numClasses: recorded.numClasses,
    });

    const multiplier = await instantiate(lrMultiplier);
    expect(where.map((progress) => multiplier(progress))).toBeAllclose(recorded.multiplier, {
      atol: 0,
      rtol: 1e-12,
    });

    const mapper = at(dataloader, "train.mapper.augmentations");
    const names = (mapper as unknown[]).map((node) => isLazy(node) && node[TARGET].name);
    // Functions have names in lower case here.
    expect(names.join(" ").toLowerCase()).toBe(recorded.augmentations.join(" ").toLowerCase());

    const { params } = optimizer;
    const norms = { weightDecayNorm: at(params, "weightDecayNorm") };
    expect(norms).toEqual({ weightDecayNorm: recorded.weightDecayNorm ?? "${..weightDecay}" });
    expect(at(params, "overrides") ?? {}).toEqual(
      Object.fromEntries(
        Object.entries(recorded.overrides).map(([key, { weight_decay }]) => [
          key,
          { weightDecay: weight_decay },
        ]),
      ),
    );
    const factor = at(params, "lrFactorFunc");
    const factors = isLazy(factor)
      ? FACTOR_NAMES.map((parameter) =>
          (instantiate(factor) as (name: string) => number)(parameter),
        )
      : null;
    if (recorded.lrFactors)
      expect(factors).toBeAllclose(recorded.lrFactors, { rtol: 1e-12, atol: 0 });
    else expect(factors).toBeNull();
  });

  // Models of several hundred million parameters would take all of a small machine's memory: their settings are above.
  // Of configs that differ in their schedule alone, one is built.
  const moderate = [
    ...new Map(
      listLazyConfigs()
        .filter((name) => (recordedParameters[base(name)]?.parameters ?? Infinity) < 3e8)
        .map((name) => [recordedParameters[base(name)].sha256, name]),
    ).values(),
  ];

  it.each(moderate)("%s builds detectron2's model", async (name) => {
    const model = await buildModel(await getConfig(name));
    const recorded = recordedParameters[base(name)];
    const lines = [...model.stateDict()].map(([path, { shape }]) => `${path} ${shape.join("x")}`);
    const count = (parts: readonly { size: number }[]): number =>
      parts.reduce((sum, { size }) => sum + size, 0);
    const parameters = model.parameters();
    expect({
      parameters: count(parameters),
      trainable: count(parameters.filter(({ requiresGrad }) => requiresGrad)),
      tensors: lines.length,
      sha256: createHash("sha256").update(lines.toSorted().join("\n")).digest("hex"),
    }).toEqual(recorded);
  });

  it.each(listLazyConfigs())("%s is saved as YAML and loads as the same", async (name) => {
    const config = await getConfig(name);
    expect(parseLazyYaml(dumpLazyYaml(config))).toEqual(config);
  });
});

describe("a common model", () => {
  it("is detectron2's Cascade R-CNN", () => {
    const { boxHeads, boxPredictors, proposalMatchers } = cascadeRcnn().roiHeads;
    expect([boxHeads, boxPredictors, proposalMatchers].map(({ length }) => length)).toEqual([
      3, 3, 3,
    ]);
    const model = init.withoutDrawing(() => instantiate(cascadeRcnn()));
    const names = [...model.stateDict()].map(([path, { shape }]) => `${path} ${shape.join("x")}`);
    expect(names).toContain("roi_heads.box_head.2.fc2.weight 1024x1024");
    const { sha256 } = recordedParameters["common/models/cascade_rcnn"];
    expect(createHash("sha256").update(names.toSorted().join("\n")).digest("hex")).toBe(sha256);
  });
});

describe("getConfig of a lazy config", () => {
  it("gives a tree of one's own each time", async () => {
    const [first, second] = await Promise.all([
      getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py"),
      getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.ts"),
    ]);
    expect(first).toEqual(second);
    applyOverrides(first, ["model.backbone.bottomUp.stages.depth=101", "train.maxIter=100"]);
    expect(first.train.maxIter).toBe(100);
    expect(second.train.maxIter).toBe(90000);
    expect(at(second, "model.backbone.bottomUp.stages.depth")).toBe(50);
  });

  it("follows an overridden number of classes into every head", async () => {
    const config = await getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py");
    applyOverrides(config, ["model.roiHeads.numClasses=3"]);
    const shapes = (await buildModel(config)).stateDict();
    expect(shapes.get("roi_heads.box_predictor.cls_score.weight")?.shape).toEqual([4, 1024]);
    expect(shapes.get("roi_heads.mask_head.predictor.weight")?.shape[0]).toBe(3);
  });

  it("names the released checkpoint when it is to be trained", async () => {
    const name = "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_400ep_LSJ.py";
    const { train } = await getConfig(name, { trained: true });
    expect(train.initCheckpoint).toBe(
      "https://dl.fbaipublicfiles.com/detectron2/new_baselines/mask_rcnn_regnety_4gf_dds_FPN_400ep_LSJ/42045954/model_final_ef3a80.pkl",
    );
  });

  it("says which names there are", async () => {
    const error = await getConfig("new_baselines/mask_rcnn_R_50_FPN_100ep.py").catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UnknownConfigError);
    expect(error).toMatchObject({
      suggestions: expect.arrayContaining(["new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py"]),
    });
  });
});
