import { constants } from "node:os";

import { countText } from "./table.ts";

/** The command line asks for something that can't be meant: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An input that is neither a file nor a folder, nor a pattern that fits any. */
export class InputNotFoundError extends Error {
  override readonly name = "InputNotFoundError";
  readonly input: string;

  constructor(input: string, reason: string) {
    super(`--input ${input}: ${reason}`);
    this.input = input;
  }
}

/** Some images could not be read; all others were done. */
export class UnreadableImagesError extends Error {
  override readonly name = "UnreadableImagesError";
  readonly files: readonly string[];
  /** Number of images that were asked for. */
  readonly total: number;

  constructor(files: readonly string[], total: number) {
    const were = files.length === 1 ? "was" : "were";
    super(
      `${files.length} of ${total} images could not be read and ${were} left out: ${files.join(", ")}`,
    );
    this.files = files;
    this.total = total;
  }
}

/** A file or folder of a dataset is not where the command line says. */
export class DatasetPathError extends Error {
  override readonly name = "DatasetPathError";
  /** Name of the dataset. */
  readonly dataset: string;
  readonly path: string;

  constructor(dataset: string, path: string, reason: string) {
    super(`Dataset "${dataset}": ${path} ${reason}`);
    this.dataset = dataset;
    this.path = path;
  }
}

/** A dataset was checked, and a training on it would fail or learn something wrong. */
export class DataProblemsError extends Error {
  override readonly name = "DataProblemsError";
  /** Names of the datasets with errors. */
  readonly datasets: readonly string[];

  constructor(datasets: readonly string[]) {
    super(`There are errors in ${datasets.join(", ")}`);
    this.datasets = datasets;
  }
}

/** A file of recorded results is not in COCO's format. */
export class ResultsFileError extends Error {
  override readonly name = "ResultsFileError";
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} ${reason}`, options);
    this.file = file;
  }
}

/** A signal stopped a training before its end; what was done is in a checkpoint. */
export class TrainingStoppedError extends Error {
  override readonly name = "TrainingStoppedError";
  readonly signal: NodeJS.Signals;
  /** Iterations done. */
  readonly iterations: number;
  /** What a shell reports of a program that the signal ended. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals, iterations: number, checkpoint: string) {
    const saved = checkpoint === "" ? "nothing was saved" : `the checkpoint is ${checkpoint}`;
    super(
      `Training was stopped by ${signal} after ${countText(iterations, "iteration")}; ${saved}. ` +
        "The same command with --resume goes on from there.",
    );
    this.signal = signal;
    this.iterations = iterations;
    this.exitCode = 128 + constants.signals[signal];
  }
}
