import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { InputNotFoundError, UsageError } from "../src/errors.ts";
import { expandInputs } from "../src/prediction/inputs.ts";
import { picturePaths } from "../src/prediction/picture.ts";
import { temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

await mkdir(at("photos", "nested"), { recursive: true });
await mkdir(at("empty"));
for (const name of ["10.jpg", "2.JPG", "b.png", "notes.txt", "[x].png", "nested/c.png"]) {
  await writeFile(at("photos", name), "");
}

describe("expandInputs", () => {
  it("takes the images directly in a folder, numbers in their order", async () => {
    const files = await expandInputs([at("photos")]);
    expect(files).toEqual(
      ["[x].png", "2.JPG", "10.jpg", "b.png"].map((name) => at("photos", name)),
    );
  });

  it("expands patterns that the shell left alone", async () => {
    expect(await expandInputs([at("photos", "*.png")])).toEqual([
      at("photos", "[x].png"),
      at("photos", "b.png"),
    ]);
    expect(await expandInputs([at("photos", "**", "c.*")])).toEqual([
      at("photos", "nested", "c.png"),
    ]);
  });

  it("takes a file whose name looks like a pattern as that file", async () => {
    expect(await expandInputs([at("photos", "[x].png")])).toEqual([at("photos", "[x].png")]);
  });

  it("keeps the given order and takes a file named twice once", async () => {
    const files = [at("photos", "b.png"), at("photos", "10.jpg")];
    expect(await expandInputs([...files, files[0]])).toEqual(files);
  });

  it.each([
    ["a missing file", "missing.jpg", "no such file or folder"],
    ["a pattern that fits nothing", "*.bmp", "no file fits this pattern"],
    ["a folder without images", "empty", "there are no images in this folder"],
  ])("refuses %s by name", async (_, name, reason) => {
    const expansion = expandInputs([at(name)]);
    await expect(expansion).rejects.toThrow(InputNotFoundError);
    await expect(expansion).rejects.toThrow(`${at(name)}: ${reason}`);
  });
});

describe("picturePaths", () => {
  it("keeps names, and types that can be written", () => {
    const paths = picturePaths(["a/x.jpg", "b/y.PNG", "c/z.tiff"], "out");
    expect([...paths.values()]).toEqual(
      ["x.jpg", "y.PNG", "z.png"].map((name) => join("out", name)),
    );
  });

  it("refuses two pictures of one path", () => {
    expect(() => picturePaths(["a/x.jpg", "b/x.jpg"], "out")).toThrow(UsageError);
    expect(() => picturePaths(["x.gif", "x.png"], "out")).toThrow("x.gif and x.png");
  });

  it("refuses to overwrite an image", () => {
    expect(() => picturePaths(["a/x.jpg"], "a")).toThrow(
      "the picture of a/x.jpg would overwrite it",
    );
  });
});
