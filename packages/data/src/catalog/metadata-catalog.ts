import { isDeepStrictEqual } from "node:util";

import { datasetsRoot } from "../builtin/datasets-root.ts";
import { CatalogError, MetadataError } from "../errors.ts";
import { DatasetCatalog } from "./dataset-catalog.ts";

/**
 * What can be known about a dataset as a whole. Packages add keys of their own by declaration merging:
 *
 * ```ts
 * declare module "@detectron-ts/data" {
 *   interface MetadataFields {
 *     license: string;
 *   }
 * }
 * ```
 */
export interface MetadataFields {
  /** Names of the classes of objects, by contiguous id. */
  thingClasses: readonly string[];
  /** Colors for drawing the classes, red, green and blue from 0 to 255. */
  thingColors: readonly (readonly [number, number, number])[];
  /** From the category ids of the dataset's file to contiguous ids. */
  thingDatasetIdToContiguousId: ReadonlyMap<number, number>;
  /** Names of the classes of a semantic segmentation. */
  stuffClasses: readonly string[];
  /** Colors for drawing the classes of a semantic segmentation. */
  stuffColors: readonly (readonly [number, number, number])[];
  /** From the category ids of the dataset's file to labels of a semantic segmentation. */
  stuffDatasetIdToContiguousId: ReadonlyMap<number, number>;
  /** Label that semantic segmentation ignores. */
  ignoreLabel: number;
  keypointNames: readonly string[];
  /** Pairs of keypoints that change places in a mirror. */
  keypointFlipMap: readonly (readonly [string, string])[];
  /** Lines to draw between keypoints. */
  keypointConnectionRules: readonly (readonly [
    string,
    string,
    readonly [number, number, number],
  ])[];
  /** The file in COCO's format with the ground truth. */
  jsonFile: string;
  imageRoot: string;
  /** The folder of label maps of a semantic segmentation. */
  semSegRoot: string;
  /** The folder of PNG files of a panoptic segmentation, and the file that describes their segments. */
  panopticRoot: string;
  panopticJson: string;
  /** What panoptic ids without a list of segments are divided by to get their category. */
  labelDivisor: number;
  /** In how many images of the training set each class occurs, by contiguous id. */
  classImageCount: readonly number[];
  /** Folders of images and of ground truth of Cityscapes, with a folder for each city. */
  imageDir: string;
  gtDir: string;
  /**
   * How to evaluate: `"coco"`, `"lvis"`, `"pascal_voc"`, `"sem_seg"`, `"coco_panoptic_seg"`, `"cityscapes_instance"`,
   * `"cityscapes_sem_seg"`.
   */
  evaluatorType: string;
  /** Root of a VOC dataset. */
  dirname: string;
  /** Split of a VOC dataset, such as `"trainval"`. */
  split: string;
  /** Year of a VOC dataset, which decides how AP is computed. */
  year: number;
}

/** The metadata of one dataset. Set once, a value stays: code elsewhere may already rely on it. */
export class Metadata {
  /** The dataset's name. */
  readonly name: string;
  readonly #fields: Partial<MetadataFields> = {};
  readonly #defaults: () => Partial<MetadataFields>;

  /** @param defaults - gives what is known unless it is set; asked at every access, for it may change. */
  constructor(name: string, defaults: () => Partial<MetadataFields> = () => ({})) {
    this.name = name;
    this.#defaults = defaults;
  }

  /**
   * Sets some keys.
   *
   * @throws MetadataError when a key already has another value.
   */
  set(fields: Partial<MetadataFields>): this {
    for (const key of keysOf(fields)) {
      const current = this.#fields[key];
      if (current !== undefined && !isDeepStrictEqual(current, fields[key])) {
        throw new MetadataError(
          this.name,
          key,
          `is ${text(current)} and cannot become ${text(fields[key])}`,
        );
      }
    }
    Object.assign(this.#fields, fields);
    return this;
  }

  /** @throws MetadataError when the key is not set. */
  get<Key extends keyof MetadataFields>(key: Key): MetadataFields[Key] {
    const value = this.#fields[key] ?? this.#defaults()[key];
    if (value === undefined) {
      const keys = Object.keys(this.asDict()).join(", ") || "none";
      throw new MetadataError(this.name, key, `is not set; set are ${keys}`);
    }
    return value;
  }

  has(key: keyof MetadataFields): boolean {
    return (this.#fields[key] ?? this.#defaults()[key]) !== undefined;
  }

  /** A copy of all that is set. */
  asDict(): Partial<MetadataFields> {
    return { ...this.#defaults(), ...this.#fields };
  }
}

/** Metadata by the names of datasets. Use the one there is, {@link MetadataCatalog}. */
class MetadataCatalogMap {
  readonly #metadata = new Map<string, Metadata>();

  /** The metadata of a dataset, made at the first call: empty, but for builtin datasets. */
  get(name: string): Metadata {
    let metadata = this.#metadata.get(name);
    if (!metadata) {
      metadata = new Metadata(
        name,
        () => DatasetCatalog.builtin(name)?.metadata(datasetsRoot()) ?? {},
      );
      this.#metadata.set(name, metadata);
    }
    return metadata;
  }

  list(): string[] {
    return [...this.#metadata.keys()];
  }

  /** @throws CatalogError when there is no metadata of this name. */
  remove(name: string): void {
    if (!this.#metadata.delete(name)) {
      throw new CatalogError(name, `There is no metadata of dataset "${name}"`);
    }
  }
}

/** What is known of each dataset. Mirrors detectron2's `MetadataCatalog`. */
export const MetadataCatalog: MetadataCatalogMap = new MetadataCatalogMap();

function keysOf(fields: Partial<MetadataFields>): (keyof MetadataFields)[] {
  // Object.keys forgets the names; the object has no others.
  return Object.keys(fields) as (keyof MetadataFields)[];
}

function text(value: unknown): string {
  return JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value);
}
