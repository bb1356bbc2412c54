import { type PanopticSegmentation, SemanticSegmentation } from "@detectron-ts/modeling";
import {
  Boxes,
  type FieldValue,
  type ImageSize,
  Instances,
  isNdArray,
  type NumericArray,
  RotatedBoxes,
  rowMajorData,
} from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

/** What a model found in an image, by name, as data that threads can send each other. */
export type EncodedOutput = Readonly<Record<string, EncodedPart>>;

type EncodedPart =
  | {
      readonly kind: "instances";
      readonly imageSize: ImageSize;
      readonly fields: Readonly<Record<string, EncodedField>>;
    }
  | { readonly kind: "semSeg"; readonly numClasses: number; readonly labels: EncodedMap }
  | {
      readonly kind: "panopticSeg";
      readonly map: EncodedMap;
      readonly segmentsInfo: PanopticSegmentation["segmentsInfo"];
    };

interface EncodedMap {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

type EncodedField =
  | { readonly kind: "boxes" | "rotatedBoxes"; readonly data: Float32Array }
  | { readonly kind: "array"; readonly data: NumericArray; readonly shape: readonly number[] }
  | { readonly kind: "list"; readonly data: NumericArray | readonly unknown[] };

/**
 * What each pixel of an image shows, as it comes from another thread: like `SemanticSegmentation` of `@detectron-ts/modeling`,
 * but the logits stay where they were computed, as they are large.
 */
export class ReceivedSegmentation implements Pick<
  SemanticSegmentation,
  "numClasses" | "imageSize" | "argmax"
> {
  readonly numClasses: number;
  readonly #labels: NdArray<Int32Array>;

  /** @param labels - height × width. */
  constructor(numClasses: number, labels: NdArray<Int32Array>) {
    this.numClasses = numClasses;
    this.#labels = labels;
  }

  get imageSize(): ImageSize {
    const [height, width] = this.#labels.shape;
    return [height, width];
  }

  /** The likeliest class of each pixel, height × width. */
  async argmax(): Promise<NdArray<Int32Array>> {
    return this.#labels;
  }
}

/** What a model yields, as it comes from another thread. */
export type Received<Output> = {
  readonly [Part in keyof Output]: Output[Part] extends SemanticSegmentation
    ? ReceivedSegmentation
    : Output[Part];
};

/**
 * A model's output as data that threads can send each other. Of a semantic segmentation, the likeliest class of each pixel.
 *
 * @throws TypeError for a part or a field that can't leave its thread.
 */
export async function encodeOutput(output: object): Promise<EncodedOutput> {
  const encoded: Record<string, EncodedPart> = {};
  for (const [name, part] of Object.entries(output)) encoded[name] = await encodePart(part, name);
  return encoded;
}

/** The output that was encoded. */
export function decodeOutput(output: EncodedOutput): Record<string, unknown> {
  return mapValues(output, decodePart);
}

async function encodePart(part: unknown, name: string): Promise<EncodedPart> {
  if (part instanceof Instances) {
    const fields = mapValues<FieldValue, EncodedField>(part.fields(), encodeField);
    return { kind: "instances", imageSize: part.imageSize, fields };
  }
  if (part instanceof SemanticSegmentation) {
    const labels = encodeMap(await part.argmax());
    return { kind: "semSeg", numClasses: part.numClasses, labels };
  }
  if (isPanoptic(part)) {
    const { panopticSeg, segmentsInfo } = part;
    return { kind: "panopticSeg", map: encodeMap(panopticSeg), segmentsInfo };
  }
  throw new TypeError(`Output ${name} can't leave its thread`);
}

function decodePart(part: EncodedPart): unknown {
  switch (part.kind) {
    case "instances":
      return new Instances(part.imageSize, mapValues(part.fields, decodeField));
    case "semSeg":
      return new ReceivedSegmentation(part.numClasses, decodeMap(part.labels));
    case "panopticSeg":
      return { panopticSeg: decodeMap(part.map), segmentsInfo: part.segmentsInfo };
  }
}

function isPanoptic(part: unknown): part is PanopticSegmentation {
  return typeof part === "object" && part !== null && "segmentsInfo" in part;
}

function encodeField(value: FieldValue, name: string): EncodedField {
  if (value instanceof RotatedBoxes) return { kind: "rotatedBoxes", data: value.data };
  if (value instanceof Boxes) return { kind: "boxes", data: value.data };
  if (isNdArray(value)) return { kind: "array", data: rowMajorData(value), shape: value.shape };
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return { kind: "list", data: value };
  throw new TypeError(`Field ${name}, a ${value.constructor.name}, can't leave its thread`);
}

function decodeField(field: EncodedField): FieldValue {
  switch (field.kind) {
    case "boxes":
      return new Boxes(field.data);
    case "rotatedBoxes":
      return new RotatedBoxes(field.data);
    case "array":
      return ndarray(field.data, [...field.shape]);
    case "list":
      return field.data;
  }
}

function encodeMap(map: NdArray<Int32Array>): EncodedMap {
  return { data: rowMajorData(map), shape: map.shape };
}

function decodeMap({ data, shape }: EncodedMap): NdArray<Int32Array> {
  return ndarray(data, [...shape]);
}

function mapValues<From, To>(
  object: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, map(value, name)]),
  );
}
