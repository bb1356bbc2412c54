import { DatasetFileError } from "../errors.ts";
import { isNumbers, isRecord } from "./json-tables.ts";
import { readJson } from "./read-text.ts";

/** An outline in a `gtFine_polygons.json` file. */
export interface CityscapesObject {
  readonly label: string;
  /** Corners, x and y of each, as indices of pixels. */
  readonly polygon: readonly (readonly [x: number, y: number])[];
  /** Whether annotators took it back. */
  readonly deleted: boolean;
}

/** A `gtFine_polygons.json` file; later objects lie before earlier ones. */
export interface CityscapesPolygons {
  readonly imgHeight: number;
  readonly imgWidth: number;
  readonly objects: readonly CityscapesObject[];
}

/** @throws DatasetFileError */
export async function readCityscapesPolygons(file: string): Promise<CityscapesPolygons> {
  const content = await readJson(file);
  if (
    !isRecord(content) ||
    typeof content.imgHeight !== "number" ||
    typeof content.imgWidth !== "number" ||
    !Array.isArray(content.objects)
  ) {
    throw new DatasetFileError(file, "needs imgHeight, imgWidth and a list of objects");
  }
  const { imgHeight, imgWidth, objects } = content;
  return {
    imgHeight,
    imgWidth,
    objects: objects.map((value: unknown, index) => checkedObject(file, value, index)),
  };
}

function checkedObject(file: string, value: unknown, index: number): CityscapesObject {
  if (!isRecord(value) || typeof value.label !== "string" || !isCorners(value.polygon)) {
    throw new DatasetFileError(file, `objects[${index}] needs a label and a polygon`);
  }
  return { label: value.label, polygon: value.polygon, deleted: "deleted" in value };
}

function isCorners(value: unknown): value is [number, number][] {
  return Array.isArray(value) && value.every((corner) => isNumbers(corner) && corner.length === 2);
}
