import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";
import {
  buildModel,
  type GeneralizedRCNN,
  type MaskROIHeads,
  type ModelInput,
  type PanopticFPN,
  type ProposalNetwork,
  type RetinaNet,
} from "@detectron-ts/modeling";
import { BitMasks, Boxes, Instances, Keypoints, PolygonMasks } from "@detectron-ts/structures";
import { type Golden, goldenRoot, type GoldenTensor, loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";

/** What `case.json` says of a training case. */
interface CaseJson {
  readonly config: string;
  readonly overrides: readonly string[];
  /** The checkpoint that training starts from, relative to the case's folder. */
  readonly checkpoint: string;
  readonly images: readonly { readonly gt_polygons: number[][][] | null }[];
  readonly tolerance_hint: TrainingTolerances;
  /** How far detectron2 itself is from the recorded numbers when its convolutions sum in another order. */
  readonly noise_of_another_float32_kernel: {
    /** The largest difference of a parameter after five steps. */
    readonly param_after_abs_max: number;
  };
}

/** How far results may be from the recorded ones. */
export interface TrainingTolerances {
  readonly losses_rel: number;
  /** Of proposals, in pixels; of cases that say nothing of them, a thousandth. */
  readonly boxes_px?: number;
  readonly objectness_logits?: number;
  /** Of parameters and buffers after five steps, relative to their norms. */
  readonly parameters_rel_l2?: number;
  readonly gradient_l2_rel: number;
  readonly picked_gradient_rel_l2: number;
  /** Of parameters and buffers after five steps, by the norm of the difference; 0 for what is relative alone. */
  readonly parameters_abs_l2?: number;
  /** For each iteration of the SGD run. */
  readonly sgd_total_loss_abs: readonly number[];
}

/**
 * Total losses of the last step that may be further apart than this tell of a case with units at the kink of a ReLU: where
 * one of them switches sides in one run and not in another, all that is trained before it parts.
 */
const UNSTEADY_LOSS = 0.01;

/** What `train.json` says: of one forward and backward pass, then of five SGD steps from the same start. */
export interface RecordedTraining {
  readonly losses: Readonly<Record<string, number>>;
  readonly total_loss: number;
  readonly event_storage_scalars: Readonly<Record<string, number>>;
  readonly gradients: Readonly<
    Record<string, { shape: number[]; l2: number; sum: number; abs_max: number }>
  >;
  readonly frozen_parameters: readonly string[];
  readonly sgd: readonly {
    readonly iter: number;
    /** One rate, or one for each that parameter groups have. */
    readonly lr: number | readonly number[];
    readonly losses: Readonly<Record<string, number>>;
    readonly total_loss: number;
    readonly scalars: Readonly<Record<string, number>>;
  }[];
  readonly parameters_after_5_steps: Readonly<Record<string, { l2: number; sum: number }>>;
  /** Statistics of norms that learn. */
  readonly buffers_after_5_steps?: Readonly<Record<string, { l2: number; sum: number }>>;
}

export type TrainedModel =
  GeneralizedRCNN<MaskROIHeads> | PanopticFPN | ProposalNetwork | RetinaNet;

/** Tolerances of proposals that not the training states, but the recorded inference with the same weights. */
const STATED_ELSEWHERE: Readonly<Record<string, Partial<TrainingTolerances>>> = {
  train_cascade_mask_rcnn_R_50_FPN: { boxes_px: 0.006 },
  train_keypoint_rcnn_R_50_FPN: { boxes_px: 0.018, objectness_logits: 2e-4 },
};

/** The folders of the trainings that were recorded. */
export function recordedTrainings(): string[] {
  const root = goldenRoot();
  if (root === undefined) return [];
  const names = readdirSync(root).filter((name) => name.startsWith("train_"));
  return names.map((name) => join(root, name));
}

/** A recorded training: its model, batch and numbers. */
export class TrainingCase {
  readonly #folder: string;
  readonly #case: CaseJson;
  readonly cfg: Config;
  readonly recorded: RecordedTraining;
  /** Some gradients, complete, by the parameter's name. */
  readonly gradients: Golden;
  /** What the proposal generator hands on in the first step; undefined of a model that has none. */
  readonly proposals: Golden | undefined;

  /** @param folder - of one case; the checkpoint is found relative to it. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#case = readJson(join(folder, "case.json"));
    this.recorded = readJson(join(folder, "train.json"));
    this.gradients = loadGolden(join(folder, "grads.safetensors"));
    const proposals = join(folder, "proposals.safetensors");
    this.proposals = existsSync(proposals) ? loadGolden(proposals) : undefined;
    this.cfg = getConfig(this.#case.config);
    this.cfg.mergeFromList(this.#case.overrides);
  }

  get tolerances(): TrainingTolerances {
    const { tolerance_hint, noise_of_another_float32_kernel: noise } = this.#case;
    const isSteady = tolerance_hint.sgd_total_loss_abs.every((loss) => loss <= UNSTEADY_LOSS);
    // Ten times the noise, as the case's own hints are.
    const parameters_abs_l2 = isSteady ? 0 : 10 * noise.param_after_abs_max;
    return { parameters_abs_l2, ...STATED_ELSEWHERE[basename(this.#folder)], ...tolerance_hint };
  }

  /** The case's model with the weights it starts from, in training. */
  async loadModel(): Promise<TrainedModel> {
    const model = buildModel<TrainedModel>(this.cfg);
    await new DetectionCheckpointer(model).load(join(this.#folder, this.#case.checkpoint));
    return model.train();
  }

  /** The two images with their ground truth, and proposals where the model has to be given some. */
  batch(): ModelInput[] {
    const recorded = loadGolden(join(this.#folder, "inputs.safetensors"));
    return this.#case.images.map(({ gt_polygons }, i) => {
      const image = recorded.uint8(`${i}.image`);
      const [, height, width] = image.shape;
      const gtClasses = Int32Array.from(recorded.int64(`${i}.gt_classes`).data, Number);
      const instances = new Instances([height, width], {
        gtBoxes: new Boxes(recorded.float32(`${i}.gt_boxes`).data),
        gtClasses,
        ...(gt_polygons && { gtMasks: new PolygonMasks(gt_polygons) }),
        ...(recorded.tensors.has(`${i}.gt_keypoints`) && {
          gtKeypoints: new Keypoints(floats(recorded.float32(`${i}.gt_keypoints`))),
        }),
        ...(recorded.tensors.has(`${i}.gt_masks`) && {
          gtMasks: new BitMasks(bytes(recorded.tensor(`${i}.gt_masks`))),
        }),
      });
      const input = {
        image: ndarray(image.data, [...image.shape]),
        instances,
        ...(recorded.tensors.has(`${i}.sem_seg`) && {
          semSeg: bytes(recorded.tensor(`${i}.sem_seg`)),
        }),
      };
      if (!recorded.tensors.has(`${i}.proposals.proposal_boxes`)) return input;
      const proposals = new Instances([height, width], {
        proposalBoxes: new Boxes(recorded.float32(`${i}.proposals.proposal_boxes`).data),
        objectnessLogits: ndarray(recorded.float32(`${i}.proposals.objectness_logits`).data),
      });
      return { ...input, proposals };
    });
  }
}

function floats({ data, shape }: GoldenTensor<Float32Array>) {
  return ndarray(data, [...shape]);
}

/** Bytes, be it of N masks or the labels of an image. */
function bytes({ data, shape }: GoldenTensor) {
  return ndarray(Uint8Array.from<number | bigint>(data, Number), [...shape]);
}

function readJson<Json>(path: string): Json {
  return JSON.parse(readFileSync(path, "utf8"));
}
