import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { getCfg } from "@detectron-ts/config";
import { ImageNotFoundError, writeImage } from "@detectron-ts/image";
import {
  CropTransform,
  FixedSizeCrop,
  HFlipTransform,
  RandomCropCategoryAreaConstraint,
  ResizeTransform,
} from "@detectron-ts/transforms";
import ndarray from "ndarray";
import { beforeAll, describe, expect, it, vi } from "vitest";

import {
  buildDetectionTrainLoader,
  DatasetCatalog,
  DatasetFileError,
  DatasetMapper,
  loadSemSeg,
  MetadataCatalog,
  registerSemSeg,
  SizeMismatchError,
  type DatasetDict,
} from "../src/index.ts";
import { picture, temporaryFolder } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** Writes 4×6 pictures, label maps among them, whose left half is 3 and whose right half is 255. */
async function write(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeImage(
      path,
      picture(4, 6, (x) => (x < 3 ? 3 : 255)),
    );
  }
}

describe("loadSemSeg", () => {
  it("pairs images and label maps by their path without its ending, in order", async () => {
    await write("a/gt/2.png", "a/gt/sub/1.png", "a/images/sub/1.jpg", "a/images/2.jpg");
    const warn = vi.fn<(message: string) => void>();
    const [gt, images] = [join(folder, "a/gt"), join(folder, "a/images")];
    expect(await loadSemSeg(gt, images, { warn })).toEqual([
      { fileName: join(images, "2.jpg"), imageId: "2", semSegFileName: join(gt, "2.png") },
      {
        fileName: join(images, "sub/1.jpg"),
        imageId: "sub/1",
        semSegFileName: join(gt, "sub/1.png"),
      },
    ]);
    expect(warn).not.toHaveBeenCalled();
    await write("a/masks/2_labels.png", "a/photos/2.png");
    const options = { gtExt: "_labels.png", imageExt: "png", warn };
    expect(
      await loadSemSeg(join(folder, "a/masks"), join(folder, "a/photos"), options),
    ).toMatchObject([{ imageId: "2" }]);
  });

  it("uses those with a partner, and tells how many files there are", async () => {
    await write("b/gt/1.png", "b/gt/2.png", "b/images/2.jpg", "b/images/3.jpg", "b/images/4.jpg");
    const warn = vi.fn<(message: string) => void>();
    const dicts = await loadSemSeg(join(folder, "b/gt"), join(folder, "b/images"), { warn });
    expect(dicts.map(({ imageId }) => imageId)).toEqual(["2"]);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toMatch(/images has 3 images, .*gt 2 label maps; the 1 that/);
  });

  it("refuses folders that are missing, empty, or of other names", async () => {
    await write("c/gt/1.png", "c/images/2.jpg");
    const [gt, images] = [join(folder, "c/gt"), join(folder, "c/images")];
    await expect(loadSemSeg(gt, images)).rejects.toThrow(DatasetFileError);
    await expect(loadSemSeg(gt, images)).rejects.toThrow("1 images");
    await expect(loadSemSeg(images, gt)).rejects.toThrow("has no file that ends in png");
    await expect(loadSemSeg(join(folder, "none"), images)).rejects.toThrow("not a folder");
  });

  it("is registered with what is known about the labels", async () => {
    await write("d/gt/1.png", "d/images/1.jpg");
    const [gt, images] = [join(folder, "d/gt"), join(folder, "d/images")];
    registerSemSeg("sem-seg-d", { stuffClasses: ["sky"], ignoreLabel: 255 }, gt, images);
    expect(await DatasetCatalog.get("sem-seg-d")).toHaveLength(1);
    expect(MetadataCatalog.get("sem-seg-d").asDict()).toEqual({
      semSegRoot: gt,
      imageRoot: images,
      evaluatorType: "sem_seg",
      stuffClasses: ["sky"],
      ignoreLabel: 255,
    });
    const cfg = getCfg();
    cfg.DATASETS.TRAIN = ["sem-seg-d"];
    cfg.SOLVER.IMS_PER_BATCH = 1;
    cfg.INPUT.MIN_SIZE_TRAIN = [8];
    const numbers = await Promise.all(
      [0, 1].map(async (numWorkers) => {
        for await (const [input] of await buildDetectionTrainLoader(cfg, { numWorkers })) {
          return input.semSeg;
        }
        return undefined;
      }),
    );
    expect(numbers[0]?.shape).toEqual([8, 12]);
    expect(numbers[1]).toEqual(numbers[0]);
  });
});

describe("DatasetMapper", () => {
  let dict: DatasetDict;
  beforeAll(async () => {
    const [fileName, semSegFileName] = [join(folder, "image.png"), join(folder, "labels.png")];
    await writeImage(fileName, picture(4, 6));
    const labels = Uint8Array.from({ length: 24 }, (_, i) => (i % 6 < 2 ? 7 : 255));
    await writeImage(semSegFileName, ndarray(labels, [4, 6, 1]), { format: "L" });
    dict = { fileName, imageId: 1, semSegFileName };
  });

  it.each([true, false])(
    "moves labels along with the image, training or not (%s)",
    async (isTrain) => {
      const augmentations = [
        new HFlipTransform(6),
        new CropTransform({ x0: 2, y0: 1, width: 4, height: 3 }),
        new ResizeTransform({ height: 3, width: 4, newHeight: 6, newWidth: 8 }),
      ];
      const { semSeg, image } = await new DatasetMapper({ isTrain, augmentations }).map(dict);
      expect(image.shape).toEqual([3, 6, 8]);
      expect(semSeg?.shape).toEqual([6, 8]);
      const row = [255, 255, 255, 255, 7, 7, 7, 7];
      expect(semSeg?.data).toEqual(Int32Array.from(Array.from({ length: 6 }, () => row).flat()));
    },
  );

  it("pads labels with the one that is ignored, and lets crops see them", async () => {
    const mapper = new DatasetMapper({
      isTrain: true,
      augmentations: [
        new RandomCropCategoryAreaConstraint({
          cropType: "absolute",
          cropSize: [2, 3],
          singleCategoryMaxArea: 0.9,
        }),
        new FixedSizeCrop({ cropSize: [3, 5] }),
      ],
    });
    const { semSeg } = await mapper.map(dict);
    expect(semSeg?.shape).toEqual([3, 5]);
    expect([...(semSeg?.data.subarray(10) ?? [])]).toEqual([255, 255, 255, 255, 255]);
    expect(new Set(semSeg?.data)).toEqual(new Set([7, 255]));
  });

  it("names labels that are missing or of another size than their image", async () => {
    const mapper = new DatasetMapper({ isTrain: true, augmentations: [] });
    const semSegFileName = join(folder, "none.png");
    await expect(mapper.map({ ...dict, semSegFileName })).rejects.toThrow(ImageNotFoundError);
    const turned = join(folder, "turned.png");
    await writeImage(turned, picture(6, 4));
    const mapping = mapper.map({ ...dict, semSegFileName: turned });
    await expect(mapping).rejects.toThrow(SizeMismatchError);
    await expect(mapping).rejects.toMatchObject({
      fileName: turned,
      got: [6, 4],
      expected: [4, 6],
    });
  });
});
