import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

/** A pickle of protocol 2: the dict {"iteration": 7, "hook": os.system}, which is imported but never called. */
const SUSPICIOUS = Buffer.from(
  "\x80\x02}(X\x09\x00\x00\x00iterationK\x07X\x04\x00\x00\x00hookcposix\nsystem\nu.",
  "latin1",
);

describe("detectron inspect", () => {
  it("lists tensors, dtypes and metadata", async () => {
    const { code, stdout } = await detectron("inspect", DEMO_FILES.weights);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}format +safetensors$/m);
    expect(stdout).toMatch(/^ {2}size +5\.5 MB$/m);
    expect(stdout).toMatch(/^backbone\.bottom_up\.stem\.conv1\.weight +float16 +\[32, 3, 7, 7\]$/m);
    expect(stdout).toMatch(/^ {2}thing_classes +\["date","fig","hazelnut"\]$/m);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await detectron("inspect", DEMO_FILES.weights, "--json");
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      format: "safetensors",
      imports: [],
      metadata: { thing_classes: '["date","fig","hazelnut"]' },
    });
    expect(summary.tensors).toContainEqual({
      name: "roi_heads.mask_head.predictor.bias",
      dtype: "float32",
      shape: [3],
      byteLength: 12,
    });
  });

  it("tells imports that loading would refuse", async () => {
    const file = join(folder, "suspicious.pkl");
    await writeFile(file, SUSPICIOUS);
    const { code, stdout } = await detectron("inspect", file);
    expect(code).toBe(0);
    expect(stdout).toMatch(/posix\.system +not allowed: loading is refused/);
  });

  it("exits with 1 for a file that isn't there, is no checkpoint, or ends early", async () => {
    const missing = await detectron("inspect", join(folder, "missing.pth"));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("missing.pth not found");

    const picture = await detectron("inspect", DEMO_FILES.photograph);
    expect(picture.code).toBe(1);
    expect(picture.stderr).toContain("fruits_and_nuts.jpg is no checkpoint");

    const file = join(folder, "half.safetensors");
    const whole = await readFile(DEMO_FILES.weights);
    await writeFile(file, whole.subarray(0, whole.length / 2));
    const half = await detectron("inspect", file);
    expect(half.code).toBe(1);
    expect(half.stderr).toMatch(/^error: [^\n]+\n$/);
  });
});
