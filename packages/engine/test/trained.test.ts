import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { encode, iou, type Rle } from "@detectron-ts/coco";
import { getCfg } from "@detectron-ts/config";
import { DefaultPredictor } from "@detectron-ts/engine";
import { readImage } from "@detectron-ts/image";
import { isNdArray, rowMajorData } from "@detectron-ts/structures";
import { dataRoot, goldenRoot } from "@detectron-ts/testing";
import { beforeAll, describe, expect, it } from "vitest";

/** A detection as COCO's result files have it. */
interface Detection {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
  readonly segmentation?: Rle;
}

/** What is known of an image of the recorded run. */
interface RecordedImage {
  readonly image_id: number;
  readonly file_name: string;
  readonly decoded_hwc_rgb: { readonly sha256: string };
  readonly network_chw_bgr: { readonly sha256: string };
}

const golden = goldenRoot();
const data = dataRoot();

describe.runIf(golden && data).each(["faster_rcnn_bccd", "mask_rcnn_fruits"])(
  "%s, trained in detectron2, on its whole test set",
  (name) => {
    let images: readonly RecordedImage[];
    let recorded: readonly Detection[];
    const found: Detection[] = [];
    const missingWeights: string[] = [];
    const differingBytes: string[] = [];

    beforeAll(async () => {
      const folder = join(golden ?? "", "trained", name);
      images = readJson(join(folder, "preprocess.json"));
      recorded = readJson(join(folder, "coco_instances_results.json"));
      const cfg = getCfg();
      cfg.mergeFromFile(join(folder, "config.yaml"));
      const weights = join(folder, "model_final.pth");
      const predictor = await DefaultPredictor.create(cfg, { weights });
      missingWeights.push(...(predictor.loadReport?.missing ?? []));

      for (const { image_id, file_name, decoded_hwc_rgb, network_chw_bgr } of images) {
        const path = join(data ?? "", file_name);
        const rgb = await readImage(path);
        const bgr = await readImage(path, { format: "BGR" });
        const { image } = predictor.preprocess(bgr);
        if (sha256(rowMajorData(rgb)) !== decoded_hwc_rgb.sha256) {
          differingBytes.push(`${file_name} as decoded`);
        }
        if (!isNdArray(image) || sha256(rowMajorData(image)) !== network_chw_bgr.sha256) {
          differingBytes.push(`${file_name} as resized`);
        }

        const { instances } = await predictor.predict(bgr);
        const { predBoxes, predClasses, scores, predMasks } = instances;
        for (const [row, [x0, y0, x1, y1]] of [...predBoxes].entries()) {
          found.push({
            image_id,
            // The classes of these models are the categories from 1 on, in their order.
            category_id: predClasses.get(row) + 1,
            bbox: [x0, y0, x1 - x0, y1 - y0],
            score: scores.get(row),
            ...(predMasks && {
              segmentation: encode(rowMajorData(predMasks.pick(row)), instances.imageSize),
            }),
          });
        }
      }
    }, 300_000);

    it("has all of its weights from the checkpoint", () => {
      expect(missingWeights).toEqual([]);
    });

    it("sees the very bytes that detectron2 saw", () => {
      expect(differingBytes).toEqual([]);
    });

    it("finds as many objects in each image, of the same classes, in the same order", () => {
      const categories = (list: readonly Detection[]) =>
        inOrder(list).map(({ image_id, category_id }) => `${category_id} in ${image_id}`);
      expect(categories(found)).toEqual(categories(recorded));
    });

    it("finds the same boxes within 0.05 pixels and the same scores within 0.001", () => {
      const boxes = (list: readonly Detection[]) => inOrder(list).flatMap(({ bbox }) => bbox);
      const scores = (list: readonly Detection[]) => inOrder(list).map(({ score }) => score);
      expect(boxes(found)).toBeAllclose(boxes(recorded), { atol: 0.05, rtol: 0 });
      expect(scores(found)).toBeAllclose(scores(recorded), { atol: 1e-3, rtol: 0 });
    });

    it("finds the same masks", () => {
      const wanted = inOrder(recorded);
      const overlaps = inOrder(found).flatMap(({ segmentation }, i) => {
        const other = wanted[i].segmentation;
        return segmentation && other ? [iou([segmentation], [other])[0]] : [];
      });
      const masksRecorded = wanted.filter(({ segmentation }) => segmentation !== undefined);
      expect(overlaps.length).toBe(masksRecorded.length);
      expect(overlaps.filter((overlap) => overlap < 0.999)).toEqual([]);
    });

    /** Image by image, in the order of the test set; the order within an image stays. */
    function inOrder(list: readonly Detection[]): Detection[] {
      return images.flatMap(({ image_id }) => list.filter((one) => one.image_id === image_id));
    }
  },
);

function readJson<Json>(path: string): Json {
  return JSON.parse(readFileSync(path, "utf8"));
}

function sha256(bytes: NodeJS.ArrayBufferView): string {
  return createHash("sha256").update(bytes).digest("hex");
}
