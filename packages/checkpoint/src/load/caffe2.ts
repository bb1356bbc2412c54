import { DuplicateKeyError, InvalidTensorError } from "../errors.ts";
import { itemSize, typedArrayOver } from "../dtype.ts";
import { type CheckpointTensor, type TensorValue } from "../tensor.ts";

/** One step of a renaming: every match is replaced. */
type Rename = readonly [pattern: RegExp, replacement: string];

/** Names of the backbones, in order: each step sees what the ones before it made. */
const BACKBONE_RENAMES: readonly Rename[] = [
  // The ImageNet classifier.
  [/^pred_(?=[bw]$)/, "linear_"],
  [/_/g, "."],
  [/\.b$/, ".bias"],
  [/\.w$/, ".weight"],
  // Batch norm and group norm are both called norm.
  [/bn\.s$/, "norm.weight"],
  [/bn\.bias$/, "norm.bias"],
  [/bn\.rm/, "norm.running_mean"],
  [/bn\.running\.mean$/, "norm.running_mean"],
  [/bn\.riv$/, "norm.running_var"],
  [/bn\.running\.var$/, "norm.running_var"],
  [/bn\.gamma$/, "norm.weight"],
  [/bn\.beta$/, "norm.bias"],
  [/gn\.s$/, "norm.weight"],
  [/gn\.bias$/, "norm.bias"],
  // The stem; only at the start of the name, as heads have a conv1, too.
  [/^res\.conv1\.norm\./, "conv1.norm."],
  [/^conv1\./, "stem.conv1."],
  // Residual blocks.
  [/\.branch1\./g, ".shortcut."],
  [/\.branch2a\./g, ".conv1."],
  [/\.branch2b\./g, ".conv2."],
  [/\.branch2c\./g, ".conv3."],
  // DensePose.
  [/^body\.conv\.fcn/, "body_conv_fcn"],
  [/AnnIndex\.lowres/g, "ann_index_lowres"],
  [/Index\.UV\.lowres/g, "index_uv_lowres"],
  [/U\.lowres/g, "u_lowres"],
  [/V\.lowres/g, "v_lowres"],
];

/** Names of the detection models' other parts. */
const DETECTION_RENAMES: readonly Rename[] = [
  // RPN. With an FPN its layers are defined at level 2 and shared by the others, hence "fpn2".
  [/conv\.rpn(\.fpn2)?/g, "proposal_generator.rpn_head.conv"],
  [/rpn\.bbox\.pred(\.fpn2)?/g, "proposal_generator.rpn_head.anchor_deltas"],
  [/rpn\.cls\.logits(\.fpn2)?/g, "proposal_generator.rpn_head.objectness_logits"],
  // Box head.
  [/^bbox\.pred/, "bbox_pred"],
  [/^cls\.score/, "cls_score"],
  [/^fc6\./, "box_head.fc1."],
  [/^fc7\./, "box_head.fc2."],
  [/^head\.conv/, "box_head.conv"],
  // FPN: "fpn.inner.res2.2.sum.lateral.weight" is a lateral, "fpn.res2.2.sum.weight" an output convolution.
  [/^fpn\.inner\.res(\d+)\.(?:.*\.)?norm\.(?:.*\.)?([^.]+)$/, "fpn_lateral$1.norm.$2"],
  [/^fpn\.inner\.res(\d+)\.(?:.*\.)?([^.]+)$/, "fpn_lateral$1.$2"],
  [/^fpn\.res(\d+)\.(?:.*\.)?norm\.(?:.*\.)?([^.]+)$/, "fpn_output$1.norm.$2"],
  [/^fpn\.res(\d+)\.(?:.*\.)?([^.]+)$/, "fpn_output$1.$2"],
  // Mask head.
  [/\.\[mask\]\.fcn/g, "mask_head.mask_fcn"],
  [/^\.mask\.fcn/, "mask_head.mask_fcn"],
  [/mask\.fcn\.logits/g, "mask_head.predictor"],
  [/conv5\.mask/g, "mask_head.deconv"],
  // Keypoint head, whose convolutions are plainly called "conv_fcn".
  [/conv\.fcn/g, "roi_heads.keypoint_head.conv_fcn"],
  [/kps\.score\.lowres/g, "roi_heads.keypoint_head.score_lowres"],
  [/kps\.score\./g, "roi_heads.keypoint_head.score."],
];

/** detectron2's name of a Caffe2 blob, as `res2.0.conv1.norm.weight` for `res2_0_branch2a_bn_s`. */
export function convertC2Name(blob: string): string {
  return [...BACKBONE_RENAMES, ...DETECTION_RENAMES].reduce(
    (name, [pattern, replacement]) => name.replace(pattern, replacement),
    blob,
  );
}

/** A converted Caffe2 blob. */
export interface ConvertedBlob {
  readonly tensor: CheckpointTensor;
  /** Its name in Caffe2. */
  readonly original: string;
}

/**
 * Renames the blobs of a Caffe2 model and brings its class predictors into detectron2's layout: Caffe2 has
 * the background as class 0, detectron2 as the last class for scores and nowhere else.
 *
 * Mirrors `convert_c2_detectron_names` of `detectron2.checkpoint.c2_model_loading`.
 *
 * @throws {DuplicateKeyError} when two blobs get the same name.
 */
export function convertC2DetectronNames(
  blobs: ReadonlyMap<string, CheckpointTensor>,
): ReadonlyMap<string, ConvertedBlob> {
  const converted = new Map<string, ConvertedBlob>();
  for (const [original, tensor] of blobs) {
    const name = convertC2Name(original);
    const known = converted.get(name);
    if (known !== undefined) throw new DuplicateKeyError(name, [known.original, original]);
    converted.set(name, { original, tensor: convertClassLayout(name, tensor) });
  }
  return converted;
}

function convertClassLayout(name: string, tensor: CheckpointTensor): CheckpointTensor {
  // Four box deltas of the background class, and its mask.
  if (name.startsWith("bbox_pred.")) return new RowsView(tensor, 4, 0);
  if (name.startsWith("mask_head.predictor.")) return new RowsView(tensor, 1, 0);
  if (name.startsWith("cls_score.")) return new RowsView(tensor, 1, 1);
  return tensor;
}

/** A tensor without its first rows, or with some of them behind the others. */
class RowsView implements CheckpointTensor {
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly #tensor: CheckpointTensor;
  readonly #removed: number;
  readonly #appended: number;

  /** Takes `removed` rows from the front and puts the first `appended` of them at the end. */
  constructor(tensor: CheckpointTensor, removed: number, appended: number) {
    const [rows, ...rest] = tensor.shape;
    if (rows === undefined || rows < removed) {
      throw new InvalidTensorError(
        tensor.name,
        `its shape [${tensor.shape.join(", ")}] leaves no room for ${removed} rows of background`,
      );
    }
    this.#tensor = tensor;
    this.#removed = removed;
    this.#appended = appended;
    this.shape = [rows - removed + appended, ...rest];
    this.byteLength = (tensor.byteLength / Math.max(1, rows)) * this.shape[0];
  }

  get name(): string {
    return this.#tensor.name;
  }

  get dtype(): CheckpointTensor["dtype"] {
    return this.#tensor.dtype;
  }

  async read(): Promise<TensorValue> {
    const { data, dtype } = await this.#tensor.read();
    const rowBytes = (data.length / Math.max(1, this.#tensor.shape[0])) * itemSize(dtype);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const result = new Uint8Array(this.byteLength);
    const kept = bytes.subarray(this.#removed * rowBytes);
    result.set(kept);
    result.set(bytes.subarray(0, this.#appended * rowBytes), kept.byteLength);
    return { shape: this.shape, dtype, data: typedArrayOver(dtype, result.buffer) };
  }
}
