import type { ImageId } from "./dataset.ts";

/** An annotation or a detection that cannot be evaluated, such as one without the mask or area it needs. */
export class InvalidEntryError extends Error {
  override readonly name = "InvalidEntryError";
  readonly kind: "annotation" | "detection";
  /** Id of the annotation, or position of the detection in its list. */
  readonly id: number;
  readonly imageId: ImageId;
  /** What is wrong, in words. */
  readonly reason: string;

  constructor(
    kind: "annotation" | "detection",
    id: number,
    imageId: ImageId,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot evaluate ${kind} ${id} of image ${imageId}: ${reason}`, options);
    this.kind = kind;
    this.id = id;
    this.imageId = imageId;
    this.reason = reason;
  }
}

/** A detection in an image that the ground truth does not have: most likely results of another dataset. */
export class UnknownImageError extends Error {
  override readonly name = "UnknownImageError";
  readonly imageId: ImageId;
  /** Position of the detection in its list. */
  readonly detection: number;

  constructor(imageId: ImageId, detection: number) {
    super(`Detection ${detection} is in image ${imageId}, which the ground truth does not have.`);
    this.imageId = imageId;
    this.detection = detection;
  }
}

/** A parameter of the evaluation out of its range. */
export class EvaluationParamsError extends Error {
  override readonly name = "EvaluationParamsError";
  readonly parameter: string;
  readonly got: string;
  readonly wanted: string;

  constructor(parameter: string, got: string, wanted: string) {
    super(`${parameter} must be ${wanted}, got ${got}.`);
    this.parameter = parameter;
    this.got = got;
    this.wanted = wanted;
  }
}
