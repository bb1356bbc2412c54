import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenRoot } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";
import {
  AmbiguousMatchError,
  CheckpointStructureError,
  convertC2Name,
  DetectionCheckpointer,
  readCheckpoint,
  readFloat32,
  TruncatedFileError,
  UnsupportedQueryError,
  writeSafetensors,
  type TensorValue,
} from "../src/index.ts";
import { FakeEntry, FakeModel } from "./support/fake-model.ts";
import { golden, goldenJson, temporaryFolder } from "./support/golden.ts";
import { floats, numpyArray, P, torchTensor, zooPickle } from "./support/pickle-writer.ts";
import { torchZip, zipFile } from "./support/zip-writer.ts";

function temporaryFile(name: string, content: Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** A numpy zoo-like array of 0, 1, 2, … */
function counting(...shape: number[]): Buffer {
  const count = shape.reduce((a, b) => a * b, 1);
  return numpyArray(shape, P.bytes(floats(...Array.from({ length: count }, (_, i) => i))));
}

describe("a detectron2 zoo file", () => {
  it("loads by exact names and reports mismatches as detectron2 does", async () => {
    const expected = goldenJson<{
      missing: string[];
      unexpected: string[];
      incorrect_shapes: [string, number[], number[]][];
    }>("mismatch.json");
    await using checkpoint = await readCheckpoint(golden("mismatch.pkl"));
    const shapes = new Map([...checkpoint.model].map(([key, { shape }]) => [key, shape]));
    for (const key of expected.unexpected) shapes.delete(key);
    for (const key of expected.missing) shapes.set(key, [4]);
    for (const [key, , modelShape] of expected.incorrect_shapes) shapes.set(key, modelShape);
    const model = FakeModel.of(Object.fromEntries(shapes));

    const report = await new DetectionCheckpointer(model).load(golden("mismatch.pkl"));
    expect([...report.missing].sort()).toEqual([...expected.missing].sort());
    expect(report.unexpected).toEqual(expected.unexpected);
    expect(
      report.incorrectShapes.map((entry) => [
        entry.modelKey,
        entry.checkpointShape,
        entry.modelShape,
      ]),
    ).toEqual(expected.incorrect_shapes);
    expect(report.matched).toHaveLength(shapes.size - expected.missing.length);
    expect(report.complete).toBe(false);
    for (const key of expected.missing) expect(model.values(key)).toBeUndefined();
  });

  it("prints what happened as a table", async () => {
    const path = temporaryFile(
      "model.pkl",
      zooPickle([
        ["a.weight", counting(2, 2)],
        ["a.bias", counting(3)],
        ["old.weight", counting(1)],
        ["old.bias", counting(1)],
      ]),
    );
    const model = FakeModel.of({ "a.weight": [2, 2], "a.bias": [2], "b.weight": [1] });
    const report = await new DetectionCheckpointer(model).load(path);
    expect(report.toString().replace(path, "FILE")).toMatchInlineSnapshot(`
      "FILE (pickle, by test): 1 tensor loaded

      Skipped for their shapes:
        key     checkpoint  model
        ------  ----------  -----
        a.bias  (3)         (2)

      Model keys that are not in the checkpoint:
        a.bias
        b.weight

      Checkpoint keys that the model does not use:
        old.{weight, bias}"
    `);
  });

  it("ignores pixel statistics and cell anchors on either side", async () => {
    const path = temporaryFile(
      "model.pkl",
      zooPickle([
        ["proposal_generator.anchor_generator.cell_anchors.0", counting(3, 4)],
        ["pixel_std", counting(3, 1, 1)],
        ["a", counting(1)],
      ]),
    );
    const model = FakeModel.of({ a: [1], pixel_mean: [3, 1, 1] });
    const report = await new DetectionCheckpointer(model).load(path);
    expect(report.missing).toEqual([]);
    expect(report.unexpected).toEqual([]);
    expect([...report.ignored].sort()).toEqual([
      "pixel_mean",
      "pixel_std",
      "proposal_generator.anchor_generator.cell_anchors.0",
    ]);
    expect(report.complete).toBe(true);
  });

  it("drops the prefix of a distributed model when all keys have it", async () => {
    const all = zooPickle([
      ["module.a", counting(2)],
      ["module.b", counting(1)],
    ]);
    const some = zooPickle([
      ["module.a", counting(2)],
      ["b", counting(1)],
    ]);
    const model = () => FakeModel.of({ a: [2], b: [1] });
    const stripped = await new DetectionCheckpointer(model()).load(temporaryFile("m.pkl", all));
    expect(stripped.complete).toBe(true);
    const kept = await new DetectionCheckpointer(model()).load(temporaryFile("m.pkl", some));
    expect(kept.missing).toEqual(["a"]);
    expect(kept.unexpected).toEqual(["module.a"]);
  });

  it("converts to the model's dtypes", async () => {
    const path = temporaryFile(
      "model.pkl",
      zooPickle([
        [
          "half",
          numpyArray([2], P.bytes(Buffer.from(Uint16Array.of(0x3c00, 0xc100).buffer)), "f2"),
        ],
        ["double", numpyArray([1], P.bytes(Buffer.from(Float64Array.of(0.1).buffer)), "f8")],
        ["count", numpyArray([], P.bytes(Buffer.from(BigInt64Array.of(7n).buffer)), "i8")],
        ["flags", numpyArray([2], P.bytes(Buffer.from([1, 0])), "b1")],
        ["floats", counting(3)],
      ]),
    );
    const model = new FakeModel([
      ["half", new FakeEntry([2])],
      ["double", new FakeEntry([1])],
      ["count", new FakeEntry([], "int64")],
      ["flags", new FakeEntry([2], "bool")],
      ["floats", new FakeEntry([3], "int32")],
    ]);
    await new DetectionCheckpointer(model).load(path);
    expect(model.entries.get("half")?.data).toEqual(Float32Array.of(1, -2.5));
    expect(model.entries.get("double")?.data).toEqual(Float32Array.of(0.1));
    expect(model.entries.get("count")?.data).toEqual(BigInt64Array.of(7n));
    expect(model.entries.get("flags")?.data).toEqual(Uint8Array.of(1, 0));
    expect(model.entries.get("floats")?.data).toEqual(Int32Array.of(0, 1, 2));
  });

  it("does not call a shared tensor missing when one of its names was loaded", async () => {
    const shared = new FakeEntry([1]);
    const model = new FakeModel([
      ["head.0.weight", shared],
      ["head.1.weight", shared],
    ]);
    const path = temporaryFile("model.pkl", zooPickle([["head.0.weight", counting(1)]]));
    expect((await new DetectionCheckpointer(model).load(path)).missing).toEqual([]);
  });
});

describe("matching heuristics", () => {
  it("match a torchvision-like backbone by the longest suffix", async () => {
    const { mapping, unmatched } = goldenJson<{
      mapping: Record<string, string>;
      unmatched: string[];
    }>("resnet_matching_heuristics.json");
    await using checkpoint = await readCheckpoint(golden("resnet_matching_heuristics.pkl"));
    expect(checkpoint.matchingHeuristics).toBe(true);
    const shapes = Object.entries(mapping).map(([key, modelKey]) => [
      modelKey,
      checkpoint.model.get(key)?.shape ?? [],
    ]);
    const model = FakeModel.of(Object.fromEntries(shapes));
    const report = await new DetectionCheckpointer(model).load(
      golden("resnet_matching_heuristics.pkl"),
    );
    expect(Object.fromEntries(report.matched.map((m) => [m.checkpointKey, m.modelKey]))).toEqual(
      mapping,
    );
    expect(report.unexpected).toEqual(unmatched);
    expect(report.missing).toEqual([]);
  });

  it("are off for a .pth and on with ?matching_heuristics=True", async () => {
    const pickle = P.pickle(
      P.dictOf([["res2.weight", torchTensor({ count: 2, shape: [2], strides: [1] })]]),
    );
    const path = temporaryFile("model.pth", zipFile(torchZip(pickle, { 0: floats(5, 6) })));
    const plain = FakeModel.of({ "backbone.res2.weight": [2] });
    const report = await new DetectionCheckpointer(plain).load(path);
    expect(report.missing).toEqual(["backbone.res2.weight"]);
    expect(report.unexpected).toEqual(["res2.weight"]);
    expect(plain.touched).toEqual([]);

    const matched = FakeModel.of({ "backbone.res2.weight": [2] });
    await new DetectionCheckpointer(matched).load(`${path}?matching_heuristics=True`);
    expect(matched.values("backbone.res2.weight")).toEqual([5, 6]);
  });

  it("refuse any other query", async () => {
    const load = new DetectionCheckpointer(FakeModel.of({})).load("model.pth?token=1");
    await expect(load).rejects.toThrow(UnsupportedQueryError);
  });

  it("refuse a checkpoint key that fits two model keys", async () => {
    const pickle = P.pickle(P.dictOf([["w", counting(1)]]));
    const model = FakeModel.of({ "a.w": [1], "b.w": [1] });
    const load = new DetectionCheckpointer(model).load(temporaryFile("c2.pkl", pickle));
    await expect(load).rejects.toThrow(AmbiguousMatchError);
    expect(model.touched).toEqual([]);
  });

  it("report a suffix match of another shape", async () => {
    const pickle = P.pickle(
      P.dictOf([
        ["w", counting(3)],
        ["other_w", counting(1)],
      ]),
    );
    const model = FakeModel.of({ "a.w": [2], "other.weight": [1] });
    const report = await new DetectionCheckpointer(model).load(temporaryFile("c2.pkl", pickle));
    expect(report.incorrectShapes).toEqual([
      { modelKey: "a.w", checkpointKey: "w", checkpointShape: [3], modelShape: [2] },
    ]);
    expect(report.missing).toEqual(["a.w"]);
  });
});

interface Caffe2Case {
  converted_shapes: Record<string, number[]>;
  model_key_from: Record<string, { converted: string; caffe2: string }>;
  model_keys_not_in_checkpoint: string[];
  checkpoint_keys_unmatched: string[];
  loaded_l2: Record<string, number>;
  loaded_sum: Record<string, number>;
}

async function expectCaffe2(path: string, expected: Caffe2Case): Promise<void> {
  const shapes: Record<string, readonly number[]> = {};
  for (const [key, { converted }] of Object.entries(expected.model_key_from)) {
    shapes[key] = expected.converted_shapes[converted];
  }
  for (const key of expected.model_keys_not_in_checkpoint) shapes[key] = [3];
  const model = FakeModel.of(shapes);
  const report = await new DetectionCheckpointer(model).load(path);

  expect(report.author).toBe("Caffe2");
  expect(Object.fromEntries(report.matched.map((m) => [m.modelKey, m.checkpointKey]))).toEqual(
    Object.fromEntries(
      Object.entries(expected.model_key_from).map(([key, { caffe2 }]) => [key, caffe2]),
    ),
  );
  expect([...report.unexpected].sort()).toEqual([...expected.checkpoint_keys_unmatched].sort());
  expect([...report.missing, ...report.defaulted].sort()).toEqual(
    [...expected.model_keys_not_in_checkpoint].sort(),
  );
  for (const key of report.defaulted) {
    const filled = key.endsWith("mean") ? [0, 0, 0] : [1, 1, 1];
    expect([key, model.values(key)]).toEqual([key, filled]);
  }
  for (const key of Object.keys(expected.loaded_l2)) {
    const values = model.values(key) ?? [];
    const l2 = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const total = values.reduce((sum, value) => sum + value, 0);
    expect(l2).toBeCloseTo(expected.loaded_l2[key], 9);
    expect(total).toBeCloseTo(expected.loaded_sum[key], 9);
  }
}

describe("a Caffe2 file", () => {
  it("prints where each module's tensors came from", async () => {
    const pickle = P.pickle(
      P.dictOf([
        ["res2_0_branch2a_w", counting(2, 2)],
        ["res2_0_branch2a_bn_s", counting(2)],
        ["res2_0_branch2a_bn_b", counting(2)],
      ]),
    );
    const path = temporaryFile("c2.pkl", pickle);
    const model = FakeModel.of({
      "backbone.res2.0.conv1.weight": [2, 2],
      "backbone.res2.0.conv1.norm.weight": [2],
      "backbone.res2.0.conv1.norm.bias": [2],
      "backbone.res2.0.conv1.norm.running_mean": [2],
      "backbone.res2.0.conv1.norm.running_var": [2],
    });
    const report = await new DetectionCheckpointer(model).load(path);
    expect(report.toString().replace(path, "FILE")).toMatchInlineSnapshot(`
      "FILE (pickle, by Caffe2): 3 tensors loaded

        model                                      checkpoint                 shapes
        -----------------------------------------  -------------------------  -------
        backbone.res2.0.conv1.weight               res2_0_branch2a_w          (2, 2)
        backbone.res2.0.conv1.norm.{weight, bias}  res2_0_branch2a_bn_{s, b}  (2) (2)

      Frozen norms set to mean 0, variance 1:
        backbone.res2.0.conv1.norm.{running_mean, running_var}"
    `);
  });

  it("gets detectron2's names", () => {
    const names = goldenJson<Record<string, string>>("caffe2_names.json");
    expect(Object.keys(names)).toHaveLength(227);
    for (const [blob, name] of Object.entries(names)) expect(convertC2Name(blob)).toBe(name);
  });

  it("gets names of norms, heads and pyramids that the recorded files lack", () => {
    expect(convertC2Name("fpn_inner_res2_2_sum_lateral_gn_s")).toBe("fpn_lateral2.norm.weight");
    expect(convertC2Name("fpn_res5_2_sum_gn_b")).toBe("fpn_output5.norm.bias");
    expect(convertC2Name("head_conv1_gn_s")).toBe("box_head.conv1.norm.weight");
    expect(convertC2Name("res2_0_branch2a_bn_rm")).toBe("res2.0.conv1.norm.running_mean");
    expect(convertC2Name("res2_0_branch2a_bn_riv")).toBe("res2.0.conv1.norm.running_var");
    expect(convertC2Name("pred_w")).toBe("linear.weight");
  });

  it("ends in the recorded model keys with the recorded values, background classes moved", () =>
    expectCaffe2(
      golden("caffe2_mask_rcnn_R_50_FPN.pkl"),
      goldenJson<Caffe2Case>("caffe2_mask_rcnn_R_50_FPN.json"),
    ));

  it("drops momentum blobs and moves the background class of the scores to the end", async () => {
    const blobs = P.dictOf([
      ["cls_score_w", counting(3, 2)],
      ["cls_score_b", counting(3)],
      ["bbox_pred_b", counting(6)],
      ["mask_fcn_logits_b", counting(3)],
      ["cls_score_w_momentum", counting(3, 2)],
    ]);
    const pickle = P.pickle(
      P.dictOf([
        ["blobs", blobs],
        ["cfg", P.text("MODEL: {}")],
      ]),
    );
    const model = FakeModel.of({
      "box_predictor.cls_score.weight": [3, 2],
      "box_predictor.cls_score.bias": [3],
      "box_predictor.bbox_pred.bias": [2],
      "roi_heads.mask_head.predictor.bias": [2],
    });
    const report = await new DetectionCheckpointer(model).load(temporaryFile("c2.pkl", pickle));
    expect(report.complete).toBe(true);
    expect(model.values("box_predictor.cls_score.weight")).toEqual([2, 3, 4, 5, 0, 1]);
    expect(model.values("box_predictor.cls_score.bias")).toEqual([1, 2, 0]);
    expect(model.values("box_predictor.bbox_pred.bias")).toEqual([4, 5]);
    expect(model.values("roi_heads.mask_head.predictor.bias")).toEqual([1, 2]);
  });
});

const root = goldenRoot();
describe.runIf(root)("the whole recorded set", () => {
  const folder = join(root ?? "", "checkpoints");
  it.each([
    "caffe2_imagenet_R_50",
    "caffe2_keypoint_rcnn_R_50_FPN",
    "caffe2_mask_rcnn_R_50_FPN",
    "caffe2_faster_rcnn_R_50_C4",
  ])("%s loads with the recorded names and values", (name) =>
    expectCaffe2(
      join(folder, `${name}.pkl`),
      JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Caffe2Case,
    ),
  );

  const models = readdirSync(root ?? ".")
    .filter((name) => name.startsWith("infer_"))
    .flatMap((name) => ["model.pkl", "model.pth"].map((file) => join(root ?? "", name, file)))
    .filter((path) => existsSync(path));

  it.each(models)("%s is read to the last finite weight", async (path) => {
    await using checkpoint = await readCheckpoint(path);
    expect(checkpoint.unknownImports).toEqual([]);
    expect(checkpoint.model.size).toBeGreaterThan(100);
    for (const tensor of checkpoint.model.values()) {
      const values = await readFloat32(tensor);
      expect(values.length).toBe(tensor.shape.reduce((a, b) => a * b, 1));
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])("trained/%s opens and reads", async (name) => {
    await using checkpoint = await readCheckpoint(
      join(root ?? "", "trained", name, "model_final.pth"),
    );
    expect(checkpoint.extra.get("iteration")).toBe(1499);
    for (const tensor of checkpoint.model.values()) {
      const { data } = await tensor.read();
      expect(data.byteLength).toBe(tensor.byteLength);
    }
  });
});

describe("pycls and torch files", () => {
  it("reads model_state of a .pyth without batch counts, by heuristics", async () => {
    const tensor = (key: string) => torchTensor({ key, count: 1, shape: [1], strides: [1] });
    const pickle = P.pickle(
      P.dictOf([
        [
          "model_state",
          P.dictOf([
            ["s1.w", tensor("0")],
            ["bn.num_batches_tracked", tensor("1")],
          ]),
        ],
        ["epoch", P.int(3)],
      ]),
    );
    const file = zipFile(torchZip(pickle, { 0: floats(4), 1: floats(9) }));
    const model = FakeModel.of({ "backbone.s1.w": [1] });
    const report = await new DetectionCheckpointer(model).load(temporaryFile("r.pyth", file));
    expect(report.author).toBe("pycls");
    expect(report.unexpected).toEqual([]);
    expect(model.values("backbone.s1.w")).toEqual([4]);
  });

  it("refuses a .pyth without model_state", async () => {
    const path = join(temporaryFolder(), "r.pyth");
    copyFileSync(golden("tiny_modern_zip.pth"), path);
    await expect(readCheckpoint(path)).rejects.toThrow(CheckpointStructureError);
  });
});

describe("loading", () => {
  it("does nothing for an empty path", async () => {
    const model = FakeModel.of({ a: [1] });
    const report = await new DetectionCheckpointer(model).load("");
    expect(report.matched).toEqual([]);
    expect(model.touched).toEqual([]);
    expect(report.toString()).toMatch(/initial values/);
  });

  it("leaves the model untouched when any tensor can't be read", async () => {
    const short = P.bytes(floats(1));
    const path = temporaryFile(
      "m.pkl",
      zooPickle([
        ["a", counting(1)],
        ["b", numpyArray([2], short)],
      ]),
    );
    const model = FakeModel.of({ a: [1], b: [2] });
    await expect(new DetectionCheckpointer(model).load(path)).rejects.toThrow("invalid tensor");
    expect(model.touched).toEqual([]);
  });

  it("leaves the model untouched when the file is cut off behind the first tensors", async () => {
    const whole = new Map<string, TensorValue>([
      ["a", { shape: [1], dtype: "float32", data: Float32Array.of(1) }],
      ["b", { shape: [2], dtype: "float32", data: Float32Array.of(2, 3) }],
    ]);
    const path = join(temporaryFolder(), "m.safetensors");
    await writeSafetensors(path, whole);
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    const model = FakeModel.of({ a: [1], b: [2] });
    await expect(new DetectionCheckpointer(model).load(path)).rejects.toThrow(TruncatedFileError);
    expect(model.touched).toEqual([]);
  });

  it("refuses a state dict with values that are no tensors", async () => {
    const path = temporaryFile("m.pkl", zooPickle([["a", P.int(1)]]));
    const load = new DetectionCheckpointer(FakeModel.of({ a: [1] })).load(path);
    await expect(load).rejects.toThrow(CheckpointStructureError);
  });
});
