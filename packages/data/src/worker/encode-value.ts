import {
  BitMasks,
  Boxes,
  Instances,
  isNdArray,
  Keypoints,
  PolygonMasks,
  RotatedBoxes,
  rowMajorData,
  type FieldValue,
  type ImageSize,
  type NumericArray,
} from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import { UntransferableError } from "../errors.ts";

/** A value as plain data that threads can send each other. */
export type Encoded =
  | { readonly kind: "plain"; readonly value: unknown }
  | { readonly kind: "array"; readonly data: NumericArray; readonly shape: readonly number[] }
  | { readonly kind: "structure"; readonly name: StructureName; readonly content: Encoded }
  | {
      readonly kind: "instances";
      readonly imageSize: ImageSize;
      readonly fields: readonly (readonly [name: string, value: Encoded])[];
    }
  | { readonly kind: "list"; readonly items: readonly Encoded[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [key: string, Encoded])[] };

type StructureName = "Boxes" | "RotatedBoxes" | "BitMasks" | "Keypoints" | "PolygonMasks";

/** An encoded value with the memory that can be handed over to the other thread instead of being copied. */
export interface EncodedMessage {
  readonly value: Encoded;
  readonly memory: ArrayBuffer[];
}

/**
 * Takes apart what structured clone would lose: `ndarray`s, `Instances` and the structures in them, at any depth of plain
 * objects and lists.
 *
 * @throws UntransferableError naming the place of a function or of an object of another class.
 */
export function encodeValue(value: unknown): EncodedMessage {
  const memory = new Set<ArrayBuffer>();

  function encode(part: unknown, path: string): Encoded {
    if (part instanceof Instances) {
      const fields = Object.entries<FieldValue>(part.fields());
      return {
        kind: "instances",
        imageSize: part.imageSize,
        fields: fields.map(([name, field]) => [name, encode(field, `${path}.${name}`)]),
      };
    }
    if (part instanceof Boxes || part instanceof BitMasks || part instanceof Keypoints) {
      return { kind: "structure", name: nameOf(part), content: encode(part.tensor, path) };
    }
    if (part instanceof PolygonMasks) {
      const content: Encoded = { kind: "plain", value: part.polygons };
      return { kind: "structure", name: "PolygonMasks", content };
    }
    if (isNdArray(part)) {
      const data = rowMajorData(part);
      handOver(data);
      return { kind: "array", data, shape: part.shape };
    }
    if (isCloneable(part)) {
      if (ArrayBuffer.isView(part)) handOver(part);
      return { kind: "plain", value: part };
    }
    if (Array.isArray(part)) {
      return { kind: "list", items: part.map((item, i) => encode(item, `${path}[${i}]`)) };
    }
    if (isPlainObject(part)) {
      return {
        kind: "object",
        entries: Object.entries(part).map(([key, item]) => [key, encode(item, `${path}.${key}`)]),
      };
    }
    throw new UntransferableError(path, kindOf(part));
  }

  /** Memory of which only a part is used has other owners, and is copied. */
  function handOver({ buffer, byteLength }: ArrayBufferView): void {
    if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) memory.add(buffer);
  }

  return { value: encode(value, "input"), memory: [...memory] };
}

/** The value that was encoded. */
export function decodeValue(encoded: Encoded): unknown {
  switch (encoded.kind) {
    case "plain":
      return encoded.value;
    case "array":
      return ndarray(encoded.data, [...encoded.shape]);
    case "structure":
      return STRUCTURES[encoded.name](decodeValue(encoded.content));
    case "instances":
      return new Instances(
        encoded.imageSize,
        Object.fromEntries(
          encoded.fields.map(([name, field]) => [name, decodeValue(field) as FieldValue]),
        ),
      );
    case "list":
      return encoded.items.map(decodeValue);
    case "object":
      return Object.fromEntries(encoded.entries.map(([key, item]) => [key, decodeValue(item)]));
  }
}

function nameOf(structure: Boxes | BitMasks | Keypoints): StructureName {
  if (structure instanceof RotatedBoxes) return "RotatedBoxes";
  if (structure instanceof Boxes) return "Boxes";
  return structure instanceof BitMasks ? "BitMasks" : "Keypoints";
}

/** Each takes what its class was taken apart into. */
const STRUCTURES: Readonly<Record<StructureName, (content: unknown) => unknown>> = {
  Boxes: (content) => new Boxes(content as NdArray<Float32Array>),
  RotatedBoxes: (content) => new RotatedBoxes(content as NdArray<Float32Array>),
  BitMasks: (content) => new BitMasks(content as NdArray<Uint8Array>),
  Keypoints: (content) => new Keypoints(content as NdArray<Float32Array>),
  PolygonMasks: (content) => new PolygonMasks(content as PolygonMasks["polygons"]),
};

/** What structured clone gives back as it was. */
function isCloneable(value: unknown): boolean {
  if (value === null || !["object", "function", "symbol"].includes(typeof value)) return true;
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Date;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}
