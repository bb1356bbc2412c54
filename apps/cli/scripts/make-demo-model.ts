/**
 * Makes the model of `detectron demo` from a training's checkpoint:
 *
 *     pnpm --filter @detectron-ts/cli run make-demo-model CHECKPOINT CONFIG CLASSES [--float32]
 *
 * Writes `demo/model.safetensors`, the weights alone, in half precision unless told otherwise, with the class names
 * in its metadata, and `demo/config.yaml`, the whole config in one file.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readCheckpoint, type TensorValue, writeSafetensors } from "@detectron-ts/checkpoint";
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
for (const [name, tensor] of checkpoint.model) tensors.set(name, await tensor.read());
await writeSafetensors(DEMO_FILES.weights, tensors, {
  metadata: new Map([[CLASSES_KEY, JSON.stringify(classes.split(","))]]),
  float16: !values.float32,
});

const cfg = getCfg();
cfg.mergeFromFile(configFile);
cfg.OUTPUT_DIR = "./output";
await writeFile(DEMO_FILES.config, cfg.dump());
