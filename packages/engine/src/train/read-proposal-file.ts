import { type LoadedValue, readPickle } from "@detectron-ts/checkpoint";
import { DatasetFileError, type ProposalFile } from "@detectron-ts/data";
import { BoxMode } from "@detectron-ts/structures";

/**
 * Reads a file of precomputed proposals as detectron2 and Detectron pickled them: a dict of `ids` (or `indexes`), `boxes`,
 * `objectness_logits` (or `scores`) and perhaps `bbox_mode`. For `readProposals` of the loaders of `@detectron-ts/data`.
 *
 * @throws DatasetFileError when it is no such dict; CheckpointError of `@detectron-ts/checkpoint` when it is no pickle.
 */
export async function readProposalFile(file: string): Promise<ProposalFile> {
  const content = await readPickle(file);
  if (!(content instanceof Map)) throw new DatasetFileError(file, "holds no dict of proposals");
  const list = (...names: readonly string[]): readonly LoadedValue[] => {
    const value: unknown = names
      .map((name) => content.get(name))
      .find((each) => each !== undefined);
    if (Array.isArray(value)) return value;
    throw new DatasetFileError(file, `has no list "${names[0]}"`);
  };
  const bboxMode: unknown = content.get("bbox_mode") ?? BoxMode.XYXY_ABS;
  if (bboxMode !== BoxMode.XYXY_ABS && bboxMode !== BoxMode.XYWH_ABS) {
    throw new DatasetFileError(file, `has bbox_mode ${String(bboxMode)}, wanted 0 or 1`);
  }
  return {
    ids: list("ids", "indexes").map((id) => {
      if (typeof id === "number" || typeof id === "string") return id;
      throw new DatasetFileError(file, `has an id ${String(id)}, wanted a number or a text`);
    }),
    boxes: list("boxes").map((each, i) => floats(file, `boxes[${i}]`, each)),
    objectnessLogits: list("objectness_logits", "scores").map((each, i) =>
      floats(file, `objectness_logits[${i}]`, each),
    ),
    bboxMode,
  };
}

function floats(file: string, name: string, value: LoadedValue): Float32Array | Float64Array {
  if (typeof value === "object" && value !== null && "data" in value) {
    const { data } = value;
    if (data instanceof Float32Array || data instanceof Float64Array) return data;
  }
  throw new DatasetFileError(file, `has ${name} that is no array of floats`);
}
