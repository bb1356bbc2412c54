import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dataRoot, goldenRoot, goldenTensors, loadGolden } from "@detectron-ts/testing";

import {
  CorruptImageError,
  ImageError,
  ImageNotFoundError,
  ImageTooLargeError,
  NotAnImageError,
  readImage,
} from "../src/index.ts";
import { encoder, rgbPixels } from "./fixtures.ts";

interface RecordedPixels {
  shape: number[];
  sum: number;
  sha256: string;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bloodUrl = new URL("./golden/blood.jpg", import.meta.url);
const blood = readFileSync(bloodUrl);

/** The pixels of the 2×3 test image, by rows of its RGB triples. */
const pixels = rgbPixels(2, 3);
const png = () => encoder(pixels, 2, 3, 3).png().toBuffer();

describe("readImage on JPEG", () => {
  it("decodes the very bytes that Pillow does", async () => {
    const { json } = loadGolden<{ decoded_hwc_rgb: RecordedPixels }>(
      new URL("./golden/blood", import.meta.url),
    );
    const image = await readImage(bloodUrl);
    expect(image.shape).toEqual(json.decoded_hwc_rgb.shape);
    expect(sha256(image.data)).toBe(json.decoded_hwc_rgb.sha256);
  });

  it("converts inks without colour management, as Pillow does", async () => {
    // White, black and red, in blocks of 8×8 pixels that JPEG keeps flat. The encoder prints red as full magenta and full
    // yellow; a colour-managed way back would end at (232, 0, 21).
    const colors = Uint8Array.of(255, 255, 255, 0, 0, 0, 255, 0, 0);
    const blocks = new Uint8Array(8 * 24 * 3);
    for (let i = 0; i < 8 * 24; i++) {
      const block = Math.floor((i % 24) / 8);
      blocks.set(colors.subarray(block * 3, block * 3 + 3), i * 3);
    }
    const file = await encoder(blocks, 8, 24, 3)
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    const image = await readImage(file);
    for (const block of [0, 1, 2]) {
      expect(image.pick(4, block * 8 + 4, null)).toBeAllclose(
        colors.slice(block * 3, block * 3 + 3),
      );
    }
  });
});

describe("readImage on PNG", () => {
  it("returns height × width × RGB, or BGR on demand", async () => {
    const rgb = await readImage(await png());
    expect(rgb.shape).toEqual([2, 3, 3]);
    expect(rgb.data).toEqual(pixels);
    const bgr = await readImage(await png(), { format: "BGR" });
    expect(bgr.step(1, 1, -1)).toBeAllclose(rgb, { atol: 0, rtol: 0 });
  });

  it("computes luma in Pillow's fixed point", async () => {
    const colors = Uint8Array.of(
      255,
      0,
      0,
      0,
      255,
      0,
      0,
      0,
      255,
      255,
      255,
      255,
      10,
      20,
      30,
      0,
      0,
      0,
    );
    const luma = await readImage(await encoder(colors, 2, 3, 3).png().toBuffer(), { format: "L" });
    expect(luma.shape).toEqual([2, 3, 1]);
    expect(luma.data).toEqual(Uint8Array.of(76, 150, 29, 255, 18, 0));
  });

  it("drops alpha without blending", async () => {
    const rgba = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255);
    const image = await readImage(await encoder(rgba, 1, 3, 4).png().toBuffer());
    expect(image.data).toEqual(Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90));
  });

  it("expands gray, with alpha and without, to three equal channels", async () => {
    const gray = encoder(Uint8Array.of(1, 2, 200), 1, 3, 1).toColourspace("b-w");
    const expected = Uint8Array.of(1, 1, 1, 2, 2, 2, 200, 200, 200);
    expect((await readImage(await gray.png().toBuffer())).data).toEqual(expected);
    const withAlpha = encoder(Uint8Array.of(1, 0, 2, 9, 200, 255), 1, 3, 2).toColourspace("b-w");
    expect((await readImage(await withAlpha.png().toBuffer())).data).toEqual(expected);
  });

  it("looks palettes up", async () => {
    const file = await encoder(pixels, 2, 3, 3).png({ palette: true }).toBuffer();
    expect((await readImage(file)).data).toEqual(pixels);
  });

  it("keeps the high byte of 16-bit samples", async () => {
    const samples = Uint16Array.of(0, 255, 256, 40000, 65535, 511);
    const gray = await encoder(samples, 2, 3, 1).toColourspace("grey16").png().toBuffer();
    expect((await readImage(gray, { format: "L" })).data).toEqual(
      Uint8Array.of(0, 0, 1, 156, 255, 1),
    );
    const rgb = await encoder(samples, 1, 2, 3).toColourspace("rgb16").png().toBuffer();
    expect((await readImage(rgb)).data).toEqual(Uint8Array.of(0, 0, 1, 156, 255, 1));
  });

  it("ignores colour profiles", async () => {
    const file = await encoder(pixels, 2, 3, 3).withMetadata({ icc: "p3" }).png().toBuffer();
    const stored = await encoder(pixels, 2, 3, 3)
      .withIccProfile("p3", { attach: false })
      .png()
      .toBuffer();
    expect((await readImage(file)).data).toEqual((await readImage(stored)).data);
  });
});

describe("EXIF orientation", () => {
  /** Where (y, x) of the shown 3×2 or 2×3 image lies in the stored 2×3 one. */
  const stored: Record<number, (y: number, x: number) => [number, number]> = {
    1: (y, x) => [y, x],
    2: (y, x) => [y, 2 - x],
    3: (y, x) => [1 - y, 2 - x],
    4: (y, x) => [1 - y, x],
    5: (y, x) => [x, y],
    6: (y, x) => [1 - x, y],
    7: (y, x) => [1 - x, 2 - y],
    8: (y, x) => [x, 2 - y],
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("%d is undone", async (orientation) => {
    const file = await encoder(pixels, 2, 3, 3).withMetadata({ orientation }).png().toBuffer();
    const image = await readImage(file);
    const [height, width] = orientation < 5 ? [2, 3] : [3, 2];
    expect(image.shape).toEqual([height, width, 3]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [storedY, storedX] = stored[orientation](y, x);
        expect(image.get(y, x, 0)).toBe(pixels[(storedY * 3 + storedX) * 3]);
      }
    }
  });
});

describe("files that cannot be read", () => {
  it("names a missing file", async () => {
    const error = await readImage("/no/such/photo.jpg").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ImageNotFoundError);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({ source: "/no/such/photo.jpg" });
  });

  it("tells what is no image: text, nothing at all, a folder, a vector drawing", async () => {
    await expect(readImage(Buffer.from("just some text"))).rejects.toThrow(NotAnImageError);
    await expect(readImage(new Uint8Array(0))).rejects.toThrow(NotAnImageError);
    const folder = fileURLToPath(new URL(".", import.meta.url));
    await expect(readImage(folder)).rejects.toThrow(NotAnImageError);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"></svg>';
    await expect(readImage(Buffer.from(svg))).rejects.toMatchObject({
      name: "NotAnImageError",
      format: "svg",
    });
  });

  it.each([20, 300, 5000, 18000])("reports a JPEG cut after %d bytes", async (length) => {
    await expect(readImage(blood.subarray(0, length))).rejects.toThrow(CorruptImageError);
  });

  it("reports a PNG that ends early, in its header or in its pixels", async () => {
    const file = await encoder(rgbPixels(50, 50), 50, 50, 3).png().toBuffer();
    await expect(readImage(file.subarray(0, 20))).rejects.toThrow(CorruptImageError);
    await expect(readImage(file.subarray(0, file.length >> 1))).rejects.toThrow(CorruptImageError);
  });

  it("refuses an image with too many pixels before decoding it", async () => {
    const error = await readImage(bloodUrl, { maxPixels: 1000 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ImageTooLargeError);
    expect(error).toMatchObject({ width: 640, height: 480, maxPixels: 1000 });
  });
});

describe.runIf(goldenRoot() && dataRoot())("the recorded test sets", () => {
  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])(
    "%s decodes to the recorded bytes",
    async (name) => {
      const { json } = goldenTensors<{ file_name: string; decoded_hwc_rgb: RecordedPixels }[]>(
        `trained/${name}/preprocess`,
      );
      expect(json.length).toBeGreaterThan(0);
      const differing: string[] = [];
      for (const { file_name: fileName, decoded_hwc_rgb: recorded } of json) {
        const image = await readImage(join(dataRoot()!, fileName));
        if (sha256(image.data) !== recorded.sha256) differing.push(fileName);
      }
      expect(differing).toEqual([]);
    },
  );
});
