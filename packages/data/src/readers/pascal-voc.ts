import { join } from "node:path";
import { BoxMode } from "@detectron-ts/structures";
import { parseXml, XmlElement } from "@rgrove/parse-xml";

import { VOC_CLASSES } from "../builtin/classes/pascal-voc.ts";
import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { AnnotationError, DatasetFileError } from "../errors.ts";
import { readText } from "./read-text.ts";

/**
 * Reads a dataset in Pascal VOC's format: the ids of `ImageSets/Main/<split>.txt`, each with `Annotations/<id>.xml` and
 * `JPEGImages/<id>.jpg`.
 *
 * VOC counts pixels from 1 and its boxes contain their last pixel; so 1 is taken from the left and the top only. Difficult
 * objects are included. Mirrors detectron2's `load_voc_instances`.
 *
 * @throws DatasetFileError when a file is missing or broken; AnnotationError, with the object's number, for an unknown class.
 */
export async function loadVocInstances(
  dirname: string,
  split: string,
  classNames: readonly string[] = VOC_CLASSES,
): Promise<DatasetDict[]> {
  const list = await readText(join(dirname, "ImageSets", "Main", `${split}.txt`));
  // Some splits have a second column, which says whether a class occurs.
  const ids = list
    .split("\n")
    .map((line) => line.trim().split(/\s+/)[0])
    .filter((id) => id !== "");
  const dicts: DatasetDict[] = [];
  for (const id of ids) {
    const file = join(dirname, "Annotations", `${id}.xml`);
    const root = parse(file, await readText(file));
    const size = child(file, root, "size");
    dicts.push({
      fileName: join(dirname, "JPEGImages", `${id}.jpg`),
      imageId: id,
      height: numberIn(file, size, "height"),
      width: numberIn(file, size, "width"),
      annotations: children(root, "object").map((object, index) =>
        readObject(file, object, index, classNames),
      ),
    });
  }
  return dicts;
}

/**
 * Registers a dataset in Pascal VOC's format under a name.
 *
 * @param year - decides how AP is computed: 11 points for 2007, the area under the curve for later years.
 * @throws CatalogError when the name is taken.
 */
export function registerPascalVoc(
  name: string,
  dirname: string,
  split: string,
  year: number,
  classNames: readonly string[] = VOC_CLASSES,
): void {
  DatasetCatalog.register(name, () => loadVocInstances(dirname, split, classNames));
  MetadataCatalog.get(name).set({
    thingClasses: classNames,
    dirname,
    split,
    year,
    evaluatorType: "pascal_voc",
  });
}

function readObject(
  file: string,
  object: XmlElement,
  index: number,
  classNames: readonly string[],
): Annotation {
  const name = child(file, object, "name").text.trim();
  const categoryId = classNames.indexOf(name);
  if (categoryId < 0) {
    throw new AnnotationError(
      file,
      index,
      `has class "${name}", wanted one of ${classNames.join(", ")}`,
    );
  }
  const box = child(file, object, "bndbox");
  const side = (tag: string): number => numberIn(file, box, tag);
  return {
    bbox: [side("xmin") - 1, side("ymin") - 1, side("xmax"), side("ymax")],
    bboxMode: BoxMode.XYXY_ABS,
    categoryId,
    id: index,
    ...(isDifficult(object) && { difficult: true }),
  };
}

/** Files that mark no difficult objects leave the element out. */
function isDifficult(object: XmlElement): boolean {
  return children(object, "difficult").some(({ text }) => text.trim() === "1");
}

function parse(file: string, text: string): XmlElement {
  try {
    const { root } = parseXml(text);
    if (root) return root;
  } catch (cause) {
    throw new DatasetFileError(file, "is not well-formed XML", { cause });
  }
  throw new DatasetFileError(file, "has no root element");
}

function children(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter(
    (node): node is XmlElement => node instanceof XmlElement && node.name === name,
  );
}

function child(file: string, parent: XmlElement, name: string): XmlElement {
  const [first] = children(parent, name);
  if (!first) throw new DatasetFileError(file, `<${parent.name}> has no <${name}>`);
  return first;
}

function numberIn(file: string, parent: XmlElement, name: string): number {
  const { text } = child(file, parent, name);
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new DatasetFileError(file, `<${name}> is "${text}", wanted a number`);
  }
  return value;
}
