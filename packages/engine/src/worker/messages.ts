import {
  Boxes,
  type FieldValue,
  type ImageSize,
  Instances,
  isNdArray,
  type NumericArray,
  rowMajorData,
} from "@detectron-ts/structures";
import ndarray from "ndarray";

/** What a worker is started with. */
export interface WorkerStart {
  /** The config as plain objects. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: string;
  /** Addresses of modules to import first: they register what the config names. */
  readonly imports: readonly string[];
}

/** An image to look at: height × width × 3 bytes. */
export interface PredictRequest {
  readonly id: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a worker says: that it has started, or what became of a request or of its start (no id). */
export type WorkerReply =
  | { readonly kind: "ready" }
  | { readonly kind: "output"; readonly id: number; readonly output: EncodedOutput }
  | { readonly kind: "failure"; readonly id?: number; readonly error: EncodedError };

/** What threads can tell each other of an error. */
export interface EncodedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** The instances of a model's output by name, as plain data. */
export type EncodedOutput = Readonly<Record<string, EncodedInstances>>;

interface EncodedInstances {
  readonly imageSize: ImageSize;
  readonly fields: Readonly<Record<string, EncodedField>>;
}

type EncodedField =
  | { readonly kind: "boxes"; readonly data: Float32Array }
  | { readonly kind: "array"; readonly data: NumericArray; readonly shape: readonly number[] }
  | { readonly kind: "list"; readonly data: NumericArray | readonly unknown[] };

/**
 * A model's output as data that threads can send each other.
 *
 * @throws TypeError for a field that is none of boxes, an array and a list.
 */
export function encodeOutput(output: object): EncodedOutput {
  return mapValues(output, (instances: Instances) => ({
    imageSize: instances.imageSize,
    fields: mapValues(instances.fields(), encodeField),
  }));
}

/** The output that was encoded. */
export function decodeOutput(output: EncodedOutput): Record<string, Instances> {
  return mapValues(
    output,
    ({ imageSize, fields }: EncodedInstances) =>
      new Instances(imageSize, mapValues(fields, decodeField)),
  );
}

function encodeField(value: FieldValue, name: string): EncodedField {
  if (value instanceof Boxes) return { kind: "boxes", data: value.data };
  if (isNdArray(value)) return { kind: "array", data: rowMajorData(value), shape: value.shape };
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return { kind: "list", data: value };
  throw new TypeError(`Field ${name}, a ${value.constructor.name}, can't leave its thread`);
}

function decodeField(field: EncodedField): FieldValue {
  if (field.kind === "boxes") return new Boxes(field.data);
  return field.kind === "array" ? ndarray(field.data, [...field.shape]) : field.data;
}

function mapValues<From, To>(
  object: object,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries<From>({ ...object }).map(([name, value]) => [name, map(value, name)]),
  );
}
