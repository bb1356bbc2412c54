import { readFileSync } from "node:fs";
import { join } from "node:path";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import { buildModel, type FCOS, type ModelInput, type RetinaNet } from "@detectron-ts/modeling";
import { Boxes, Instances } from "@detectron-ts/structures";
import { type Golden, loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";

import type { GradientStatistics } from "./training-step.ts";
import { tinyFcos, type TinyFcosOptions } from "./tiny-fcos.ts";
import { getConfig } from "./zoo-config.ts";

/** What `case.json` says of a recorded dense detector. */
interface CaseJson {
  /** Of a RetinaNet. */
  readonly config?: string;
  readonly overrides?: readonly string[];
  /** Of an FCOS. */
  readonly options?: TinyFcosOptions;
  readonly checkpoint: string;
  /** Height and width that detections are wanted at. */
  readonly output_sizes: readonly (readonly [height: number, width: number])[];
  readonly tolerance: {
    readonly losses_rel: number;
    readonly gradient_rel_l2: number;
    readonly boxes_px: number;
    readonly scores: number;
  };
  readonly train: {
    readonly losses: Readonly<Record<string, number>>;
    /** Of the same batch once more, when only the normaliser and the running statistics have changed. */
    readonly losses_again: Readonly<Record<string, number>>;
    readonly loss_normalizer: number;
    readonly event_storage_scalars: Readonly<Record<string, number>>;
    readonly gradients: Readonly<Record<string, GradientStatistics>>;
    readonly frozen_parameters: readonly string[];
  };
}

/** A dense detector with the losses, gradients and detections that detectron2 has of it. */
export class DenseCase {
  readonly #folder: string;
  readonly json: CaseJson;

  constructor(folder: string) {
    this.#folder = folder;
    this.json = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
  }

  /** Tensors of one of the case's files. */
  load(name: string): Golden {
    return loadGolden(join(this.#folder, `${name}.safetensors`));
  }

  async loadModel(): Promise<RetinaNet | FCOS> {
    const { config, overrides = [], options } = this.json;
    const model = options ? tinyFcos(options) : fromConfig(config!, overrides);
    const report = await new DetectionCheckpointer(model).load(
      join(this.#folder, this.json.checkpoint),
    );
    if (report.missing.length > 0 || report.unexpected.length > 0) throw new Error(String(report));
    return model;
  }

  /** The images with their ground truth. */
  batch(): ModelInput[] {
    const recorded = this.load("inputs");
    return this.json.output_sizes.map(([height, width], i) => {
      const image = recorded.uint8(`${i}.image`);
      const instances = new Instances([image.shape[1], image.shape[2]], {
        gtBoxes: new Boxes(recorded.float32(`${i}.gt_boxes`).data),
        gtClasses: Int32Array.from(recorded.int64(`${i}.gt_classes`).data, Number),
      });
      return { image: ndarray(image.data, [...image.shape]), height, width, instances };
    });
  }
}

function fromConfig(name: string, overrides: readonly string[]): RetinaNet {
  const cfg = getConfig(name);
  cfg.mergeFromList(overrides);
  return buildModel<RetinaNet>(cfg);
}
