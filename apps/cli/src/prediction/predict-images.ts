import { mkdir } from "node:fs/promises";
import { ImageError } from "@detectron-ts/image";

import { UnreadableImagesError } from "../errors.ts";
import { countText } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { Detector, type DetectorOptions } from "./detector.ts";
import { expandInputs } from "./inputs.ts";
import { picturePaths, writePicture } from "./picture.ts";
import { Progress } from "./progress.ts";
import { type ImagePredictions, toImagePredictions } from "./results.ts";
import { refuseFolder, writeJson } from "./write-json.ts";

/** What `detectron predict` is asked for. */
export interface PredictOptions extends DetectorOptions {
  /** Image files, folders of them, or patterns. */
  readonly input: readonly string[];
  /** Folder of the pictures; none are drawn when left out. */
  readonly output?: string | undefined;
  /** File of the results; not written when left out. */
  readonly json?: string | undefined;
  /** Score from which an object is drawn. */
  readonly confidenceThreshold: number;
}

/**
 * Looks at images one by one; prints a line for each, draws pictures and writes the JSON file as the options say.
 *
 * Inputs that don't exist are found before anything is done. An image that can't be read is reported and left out, and the
 * others are done; any other error ends the run. In both cases the pictures drawn so far stay, and the JSON file holds
 * every image that was done, if there is one.
 *
 * @returns what the JSON file holds.
 * @throws UnreadableImagesError at the end when images were left out.
 */
export async function predictImages(
  options: PredictOptions,
  terminal: Terminal,
): Promise<ImagePredictions[]> {
  const { output, json, confidenceThreshold } = options;
  const files = await expandInputs(options.input);
  const pictures = output === undefined ? undefined : picturePaths(files, output);
  if (output !== undefined) await mkdir(output, { recursive: true });
  if (json !== undefined) await refuseFolder(json);

  const detector = await Detector.load(options, terminal);
  const { metadata } = detector;
  const progress = new Progress(terminal, files.length);
  const done: ImagePredictions[] = [];
  const unreadable: ImageError[] = [];
  try {
    for (const file of files) {
      try {
        const { image, output: found, milliseconds } = await detector.detect(file);
        const picture = pictures?.get(file);
        if (picture !== undefined) {
          await writePicture(picture, image, found, { metadata, confidenceThreshold });
        }
        const predictions = await toImagePredictions(file, image, found, metadata);
        done.push(predictions);
        progress.print(summaryLine(predictions, milliseconds, picture));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        unreadable.push(error);
        if (files.length > 1) progress.fail(error.message);
      }
      progress.advance();
    }
  } finally {
    progress.stop();
    if (json !== undefined && done.length > 0) {
      await writeJson(json, { images: done });
      terminal.print(`${json}: results of ${countText(done.length, "image")}`);
    }
  }
  if (unreadable.length === 0) return done;
  if (files.length === 1) throw unreadable[0];
  throw new UnreadableImagesError(
    unreadable.map(({ source }) => source),
    files.length,
  );
}

/** `a.jpg: 12 instances, 85 ms → out/a.jpg`. */
function summaryLine(
  predictions: ImagePredictions,
  milliseconds: number,
  picture: string | undefined,
): string {
  const arrow = picture === undefined ? "" : ` → ${picture}`;
  return `${predictions.file}: ${countOf(predictions)}, ${Math.round(milliseconds)} ms${arrow}`;
}

/** How much was found, by the most that the model says. */
function countOf({ instances, proposals, regions, segments }: ImagePredictions): string {
  if (segments !== undefined) return countText(segments.length, "segment");
  if (regions !== undefined) return regions.length === 1 ? "1 class" : `${regions.length} classes`;
  if (proposals !== undefined) return countText(proposals.length, "proposal");
  return countText(instances.length, "instance");
}
