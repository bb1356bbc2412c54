import { join } from "node:path";

import type { BuiltinDataset } from "./builtin-dataset.ts";
import { getLvisInstancesMeta } from "./builtin-metadata.ts";

/** Files of annotations by the names of the datasets. */
const FILES: Readonly<Record<string, string>> = {
  lvis_v1_train: "lvis_v1_train.json",
  lvis_v1_val: "lvis_v1_val.json",
  lvis_v1_test_dev: "lvis_v1_image_info_test_dev.json",
  lvis_v1_test_challenge: "lvis_v1_image_info_test_challenge.json",
  "lvis_v0.5_train": "lvis_v0.5_train.json",
  "lvis_v0.5_val": "lvis_v0.5_val.json",
  "lvis_v0.5_val_rand_100": "lvis_v0.5_val_rand_100.json",
  "lvis_v0.5_test": "lvis_v0.5_image_info_test.json",
  "lvis_v0.5_train_cocofied": "lvis_v0.5_train_cocofied.json",
  "lvis_v0.5_val_cocofied": "lvis_v0.5_val_cocofied.json",
};

/** LVIS: other annotations of COCO's images. */
export const LVIS_DATASETS: readonly BuiltinDataset[] = Object.entries(FILES).map(
  ([name, fileName]) => {
    const file = `lvis/${fileName}`;
    return {
      name,
      layout: ["coco/", file],
      metadata: (root) => ({
        ...getLvisInstancesMeta(name),
        jsonFile: join(root, file),
        imageRoot: join(root, "coco"),
        evaluatorType: "lvis",
      }),
      load: async (root) => {
        const { loadLvisJson } = await import("../readers/lvis.ts");
        return loadLvisJson(join(root, file), join(root, "coco"), { datasetName: name });
      },
    };
  },
);
