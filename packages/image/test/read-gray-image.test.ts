import { describe, expect, it } from "vitest";

import {
  CorruptImageError,
  ImageTooLargeError,
  NotAnImageError,
  NotGrayError,
  readGrayImage,
} from "../src/index.ts";
import { encoder, rgbPixels } from "./fixtures.ts";

/** A 2×3 PNG of 16-bit gray values. */
function sixteenBits(values: number[]): Promise<Uint8Array> {
  return encoder(Uint16Array.from(values), 2, 3, 1).toColourspace("grey16").png().toBuffer();
}

describe("readGrayImage", () => {
  it("keeps all 16 bits, which ids of objects need", async () => {
    const values = [0, 7, 255, 256, 26001, 65535];
    const image = await readGrayImage(await sixteenBits(values));
    expect(image.shape).toEqual([2, 3]);
    expect(image.data).toEqual(Uint16Array.from(values));
  });

  it("gives bytes for 8 bits", async () => {
    const gray = encoder(Uint8Array.of(0, 7, 11, 24, 33, 255), 2, 3, 1);
    const png = await gray.toColourspace("b-w").png().toBuffer();
    expect((await readGrayImage(png)).data).toEqual(Uint8Array.of(0, 7, 11, 24, 33, 255));
  });

  it("refuses colours, and what readImage refuses", async () => {
    const png = await encoder(rgbPixels(2, 3), 2, 3, 3).png().toBuffer();
    const error = await readGrayImage(png).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotGrayError);
    expect(error).toMatchObject({ space: "srgb", channels: 3 });
    await expect(readGrayImage(Buffer.from("text"))).rejects.toThrow(NotAnImageError);
    const gray = await sixteenBits([1, 2, 3, 4, 5, 6]);
    await expect(readGrayImage(gray, { maxPixels: 5 })).rejects.toThrow(ImageTooLargeError);
    await expect(readGrayImage(gray.subarray(0, gray.length - 30))).rejects.toThrow(
      CorruptImageError,
    );
  });
});
