/**
 * Makes the model of `detectron demo` from a training's checkpoint:
 *
 *     pnpm --filter @detectron-ts/cli run make-demo-model CHECKPOINT CONFIG CLASSES [--float32]
 *
 * Writes `demo/model.safetensors`, the weights alone, with the class names in its metadata, and `demo/config.yaml`, the
 * whole config in one file. The kernels of convolutions and linear layers are stored in half precision unless told
 * otherwise.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  float32ToFloat16,
  readCheckpoint,
  type TensorValue,
  toFloat32,
  writeSafetensors,
} from "@detectron-ts/checkpoint";
import { getCfg } from "@detectron-ts/config";

import { DEMO_FILES } from "../src/demo-files.ts";
import { CLASSES_KEY } from "../src/prediction/class-names.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { float32: { type: "boolean", default: false } },
});
const [checkpointFile, configFile, classes] = positionals;

await using checkpoint = await readCheckpoint(checkpointFile);
const tensors = new Map<string, TensorValue>();
for (const [name, tensor] of checkpoint.model) tensors.set(name, halve(await tensor.read()));
await writeSafetensors(DEMO_FILES.weights, tensors, {
  metadata: new Map([[CLASSES_KEY, JSON.stringify(classes.split(","))]]),
});

const cfg = getCfg();
cfg.mergeFromFile(configFile);
cfg.OUTPUT_DIR = "./output";
await writeFile(DEMO_FILES.config, cfg.dump());

/**
 * Kernels in half precision. Vectors stay as they are: they weigh nothing, and the variances of the first norm, whose input
 * is of the order of 100, exceed the largest half.
 */
function halve({ shape, dtype, data }: TensorValue): TensorValue {
  if (values.float32 || dtype !== "float32" || shape.length < 2) return { shape, dtype, data };
  const halves = Uint16Array.from(toFloat32(dtype, data), float32ToFloat16);
  return { shape, dtype: "float16", data: halves };
}
