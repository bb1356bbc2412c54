import { readFileSync } from "node:fs";
import { join } from "node:path";

import { DetectionCheckpointer, type StateDictTarget } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import { buildModel, type ModelInput } from "@detectron-ts/modeling";
import { Boxes, Instances } from "@detectron-ts/structures";
import { type Golden, type GoldenTensor, loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { getConfig } from "./zoo-config.ts";

/** What `case.json` says of an inference case. */
interface CaseJson {
  readonly config: string;
  readonly overrides: readonly string[];
  readonly checkpoint: { readonly file: string };
  readonly inputs: readonly {
    readonly height: number;
    readonly width: number;
    /** `<tensor> in <file> (…)`. */
    readonly tensor: string;
  }[];
  readonly runs: Readonly<Record<RunName, readonly number[]>>;
  readonly tolerance_hint: Tolerances;
}

/** How far results may be from the recorded ones. */
export interface Tolerances {
  readonly features: number;
  readonly objectness_logits: number;
  readonly boxes_px: number;
  readonly keypoints_px: number;
  readonly scores: number;
  readonly mask_pixels_flipped_total: number;
  /** Of logits of a semantic segmentation. */
  readonly sem_seg?: number;
}

/** A recorded feature map: its shape, and how many values there are for each that is recorded; all if left out. */
interface FeatureStats {
  readonly shape: readonly number[];
  readonly sample_stride?: number;
}

/** A segment as detectron2 describes it. */
export interface RecordedSegment {
  readonly id: number;
  readonly isthing: boolean;
  readonly category_id: number;
  readonly score?: number;
  readonly instance_id?: number;
  readonly area?: number;
}

/** What `results.json` says of a run. */
interface RunResults {
  readonly feature_stats: Readonly<Record<string, FeatureStats>>;
  readonly images: readonly {
    readonly pred_masks_rle?: readonly {
      readonly size: [number, number];
      readonly counts: string;
    }[];
    readonly sem_seg?: { readonly shape: readonly number[]; readonly sample_stride: number };
    readonly segments_info?: readonly RecordedSegment[];
  }[];
}

export const RUNS = ["single", "batch"] as const;

/** Image a alone, or a and b together. */
export type RunName = (typeof RUNS)[number];

/** One run of a recorded case: what goes into the model and what comes out of each of its parts. */
export interface GoldenRun {
  readonly inputs: readonly ModelInput[];
  readonly recorded: Golden;
  readonly results: RunResults;
}

/** A recorded model with its runs. */
export class GoldenCase {
  readonly #folder: string;
  readonly #case: CaseJson;

  /** @param folder - of one case; inputs are found relative to it. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#case = readJson(join(folder, "case.json"));
  }

  get tolerances(): Tolerances {
    return this.#case.tolerance_hint;
  }

  /**
   * The case's model with its weights, out of training.
   *
   * @param build - makes the model; by default from the config that the case names.
   */
  async loadModel<Model extends StateDictTarget & { eval(): Model }>(
    build = (): Model => buildModel<Model>(this.config()),
  ): Promise<Model> {
    const model = build();
    const file = join(this.#folder, this.#case.checkpoint.file);
    const report = await new DetectionCheckpointer(model).load(file);
    if (report.missing.length > 0 || report.unexpected.length > 0) throw new Error(String(report));
    return model.eval();
  }

  /** The config that the case names, with its overrides. */
  config(): Config {
    const cfg = getConfig(this.#case.config);
    cfg.mergeFromList(this.#case.overrides);
    return cfg;
  }

  run(name: RunName): GoldenRun {
    const results: Record<RunName, RunResults> = readJson(join(this.#folder, "results.json"));
    return {
      inputs: this.#case.runs[name].map((image) => this.#input(image)),
      recorded: loadGolden(join(this.#folder, `${name}.safetensors`)),
      results: results[name],
    };
  }

  #input(index: number): ModelInput {
    const { height, width, tensor } = this.#case.inputs[index];
    const [name, file] = tensor.split(/ in | \(/);
    const recorded = loadGolden(join(this.#folder, file));
    const image = recorded.uint8(name);
    const [, ...imageSize] = image.shape;
    const input = {
      image: ndarray(Float32Array.from(image.data), [...image.shape]),
      height,
      width,
    };
    if (!recorded.tensors.has(`${index}.proposals.proposal_boxes`)) return input;
    const proposals = new Instances([imageSize[0], imageSize[1]], {
      proposalBoxes: new Boxes(recorded.float32(`${index}.proposals.proposal_boxes`).data),
      objectnessLogits: vector(recorded.float32(`${index}.proposals.objectness_logits`)),
    });
    return { ...input, proposals };
  }
}

function vector({ data }: GoldenTensor<Float32Array>) {
  return ndarray(data, [data.length]);
}

function readJson<Json>(path: string): Json {
  return JSON.parse(readFileSync(path, "utf8"));
}
