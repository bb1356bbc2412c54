import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { readSafetensors, type GoldenData, type GoldenTensor } from "./safetensors.ts";

/** The folder beside the repository that holds recorded reference data and datasets, where a machine has it. */
const SHARED = fileURLToPath(new URL("../../../../shared/", import.meta.url));

/**
 * The folder of recorded detectron2 results: `DETECTRON_GOLDEN`, else `../shared/golden` beside the repository, else
 * undefined. Suites that need it are declared with `describe.runIf(goldenRoot())`.
 */
export function goldenRoot(): string | undefined {
  return existingFolder(process.env.DETECTRON_GOLDEN ?? join(SHARED, "golden"));
}

/** The folder of datasets: `DETECTRON_DATA`, else `../shared/data` beside the repository, else undefined. */
export function dataRoot(): string | undefined {
  return existingFolder(process.env.DETECTRON_DATA ?? join(SHARED, "data"));
}

function existingFolder(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

/** A golden case: the tensors of `<name>.safetensors` and the parsed `<name>.json`, each empty when its file is absent. */
export class Golden<Json = unknown> {
  /** The case's parameters and small results, with JSON's nulls as written (see {@link nullToNaN}). */
  readonly json: Json;
  readonly tensors: ReadonlyMap<string, GoldenTensor>;

  constructor(json: Json, tensors: ReadonlyMap<string, GoldenTensor>) {
    this.json = json;
    this.tensors = tensors;
  }

  /** @throws Error when the case has no such tensor; the message lists those it has. */
  tensor(name: string): GoldenTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) {
      throw new Error(`No golden tensor ${name}; there are ${[...this.tensors.keys()].join(", ")}`);
    }
    return tensor;
  }

  float32(name: string): GoldenTensor<Float32Array> {
    return this.#typed(name, (data) => data instanceof Float32Array);
  }

  float64(name: string): GoldenTensor<Float64Array> {
    return this.#typed(name, (data) => data instanceof Float64Array);
  }

  int32(name: string): GoldenTensor<Int32Array> {
    return this.#typed(name, (data) => data instanceof Int32Array);
  }

  int64(name: string): GoldenTensor<BigInt64Array> {
    return this.#typed(name, (data) => data instanceof BigInt64Array);
  }

  /** A tensor of dtype U8 or BOOL. */
  uint8(name: string): GoldenTensor<Uint8Array> {
    return this.#typed(name, (data) => data instanceof Uint8Array);
  }

  #typed<Data extends GoldenData>(
    name: string,
    holds: (data: GoldenData) => data is Data,
  ): GoldenTensor<Data> {
    const { dtype, shape, data } = this.tensor(name);
    if (!holds(data)) throw new Error(`Golden tensor ${name} has dtype ${dtype}`);
    return { dtype, shape, data };
  }
}

/**
 * Loads `<case>.json` and `<case>.safetensors`. `Json` declares the shape the test expects of the JSON.
 *
 * @param path The case's path or URL, with or without one of the two extensions:
 *   `new URL("./golden/resize", import.meta.url)`.
 * @throws Error when neither file exists.
 */
export function loadGolden<Json = unknown>(path: URL | string): Golden<Json> {
  const base = (path instanceof URL ? fileURLToPath(path) : path).replace(
    /\.(json|safetensors)$/,
    "",
  );
  const [jsonPath, tensorPath] = [`${base}.json`, `${base}.safetensors`];
  const [hasJson, hasTensors] = [existsSync(jsonPath), existsSync(tensorPath)];
  if (!hasJson && !hasTensors) throw new Error(`No golden case at ${base}.{json,safetensors}`);
  return new Golden<Json>(
    hasJson ? JSON.parse(readFileSync(jsonPath, "utf8")) : undefined,
    hasTensors ? readSafetensors(tensorPath) : new Map(),
  );
}

/**
 * Loads a group of the shared golden data, such as `ops/nms`.
 *
 * @throws Error when {@link goldenRoot} is undefined or has no such group.
 */
export function goldenTensors<Json = unknown>(group: string): Golden<Json> {
  const root = goldenRoot();
  if (root === undefined) throw new Error(`No golden data on this machine; wanted ${group}`);
  return loadGolden<Json>(join(root, group));
}

/** JSON data in which null has become NaN. */
export type WithNaN<T> = T extends null
  ? number
  : T extends readonly (infer Item)[]
    ? WithNaN<Item>[]
    : T extends object
      ? { [Key in keyof T]: WithNaN<T[Key]> }
      : T;

/** Golden JSON writes NaN as null; this puts it back, at any depth. */
export function nullToNaN<T>(json: T): WithNaN<T>;
export function nullToNaN(json: unknown): unknown {
  if (json === null) return NaN;
  if (Array.isArray(json)) return json.map((item: unknown) => nullToNaN(item));
  if (typeof json !== "object") return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, nullToNaN(value)]));
}
