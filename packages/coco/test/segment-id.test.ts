import { DataLengthError, id2rgb, rgb2id, SegmentIdError } from "@detectron-ts/coco";
import { describe, expect, it } from "vitest";

describe("ids of segments in the pixels of a PNG", () => {
  it("have their lowest byte in red and their highest in blue", () => {
    const rgb = Uint8Array.of(7, 0, 0, 1, 3, 0, 112, 17, 1, 255, 255, 255);
    const ids = Int32Array.of(7, 769, 70_000, 2 ** 24 - 1);
    expect(rgb2id(rgb)).toEqual(ids);
    expect(id2rgb(ids)).toEqual(rgb);
  });

  it("may be none", () => {
    expect(rgb2id(new Uint8Array())).toEqual(new Int32Array());
    expect(id2rgb(new Int32Array())).toEqual(new Uint8Array());
  });

  it("need three bytes a pixel", () => {
    expect(() => rgb2id(new Uint8Array(4))).toThrow(DataLengthError);
  });

  it.each([-1, 2 ** 24])("can't be %i", (id) => {
    const convert = (): unknown => id2rgb(Int32Array.of(0, id));
    expect(convert).toThrow(SegmentIdError);
    expect(convert).toThrow(expect.objectContaining({ id, pixel: 1 }));
  });
});
