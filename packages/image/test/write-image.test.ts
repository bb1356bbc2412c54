import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  encodeImage,
  ImageArrayError,
  readImage,
  UnsupportedExtensionError,
  writeImage,
} from "../src/index.ts";
import { rgbPixels } from "./fixtures.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "image-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const image = ndarray(rgbPixels(4, 5), [4, 5, 3]);

describe("writeImage", () => {
  it("round-trips PNG without loss, in either channel order", async () => {
    const path = join(folder, "a.png");
    await writeImage(path, image);
    expect((await readImage(path)).data).toEqual(image.data);
    await writeImage(path, image, { format: "BGR" });
    expect((await readImage(path, { format: "BGR" })).data).toEqual(image.data);
  });

  it("writes gray with one channel or none, and views with any strides", async () => {
    const gray = ndarray(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const file = await encodeImage(gray.transpose(1, 0), "png", { format: "L" });
    const back = await readImage(file, { format: "L" });
    expect(back.shape).toEqual([3, 2, 1]);
    expect(back.data).toEqual(Uint8Array.of(1, 4, 2, 5, 3, 6));
  });

  it("leaves the array it is given as it was", async () => {
    const before = image.data.slice();
    await encodeImage(image, "png", { format: "BGR" });
    expect(image.data).toEqual(before);
  });

  it.each(["b.jpg", "b.JPEG", "b.webp"])("writes %s close to the original", async (name) => {
    const flat = ndarray(new Uint8Array(32 * 32 * 3).fill(100), [32, 32, 3]);
    const path = join(folder, name);
    await writeImage(path, flat);
    expect(await readImage(path)).toBeAllclose(flat, { atol: 3 });
  });

  it("spends more bytes on higher quality", async () => {
    const noise = ndarray(rgbPixels(64, 64), [64, 64, 3]);
    const low = await encodeImage(noise, "jpeg", { quality: 10 });
    const high = await encodeImage(noise, "jpeg", { quality: 95 });
    expect(high.length).toBeGreaterThan(low.length);
  });

  it("rejects extensions it cannot write and arrays that are no image", async () => {
    await expect(writeImage(join(folder, "a.bmp"), image)).rejects.toThrow(
      UnsupportedExtensionError,
    );
    await expect(encodeImage(image, "png", { format: "L" })).rejects.toThrow(ImageArrayError);
    const empty = ndarray(new Uint8Array(0), [0, 5, 3]);
    await expect(encodeImage(empty, "png")).rejects.toThrow("[0, 5, 3] for a RGB image");
  });
});
