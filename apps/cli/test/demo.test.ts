import { join } from "node:path";
import { readImage } from "@detectron-ts/image";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

describe("detectron demo", () => {
  it("draws the picture, lists what it found, and says how to go on", async () => {
    const { code, stdout, stderr } = await detectron("demo", "--output", folder);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +class +score +x1 +y1 +x2 +y2$/m);
    expect(stdout).toMatch(/^ +hazelnut +0\.999 +235\.[56] +135\.8 +318\.[89] +213\.3$/m);
    expect(stdout).toContain("12 objects");
    expect(stdout).toContain(`The picture is ${join(folder, "fruits_and_nuts.jpg")}.`);
    expect(stdout).toMatch(/predict --config-file \S+config\.yaml --weights \S+model\.safetensors/);
    const picture = await readImage(join(folder, "fruits_and_nuts.jpg"));
    expect(picture.shape).toEqual((await readImage(DEMO_FILES.photograph)).shape);
  });
});
