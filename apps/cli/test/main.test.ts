import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it, vi } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import type { Predictions } from "../src/prediction/results.ts";
import { temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

it("the program runs the arguments of its process and sets the exit code", async () => {
  const argv = vi.spyOn(process, "argv", "get").mockReturnValue(["node", "main.js", "--version"]);
  const written: unknown[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk, ...others) => {
    if (chunk !== "") written.push(chunk);
    for (const other of others) if (typeof other === "function") other();
    return true;
  });
  await import("../src/main.ts");
  write.mockRestore();
  argv.mockRestore();
  expect(written).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  expect(process.exitCode).toBe(0);
});

/** Runs the program in a process of its own, whose reader of stdout has gone before anything is printed. */
async function runWithoutReader(...argv: string[]) {
  const program = new URL("../src/main.ts", import.meta.url).pathname;
  const node = ["--conditions", "@detectron-ts/source", "--import", "tsx"];
  // Node looks for what it imports first from the folder it runs in.
  const cwd = new URL("..", import.meta.url);
  const child = spawn(process.execPath, [...node, program, ...argv], { cwd });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return { code, stderr };
}

describe("the program, when nobody reads its output", () => {
  it("ends without a word", async () => {
    const outcome = await runWithoutReader("inspect", DEMO_FILES.weights);
    expect(outcome).toEqual({ code: 0, stderr: "" });
  });

  it("does all images and writes the JSON file", async () => {
    const images = join(folder, "images");
    await mkdir(images);
    for (const name of ["1.jpg", "2.jpg"])
      await copyFile(DEMO_FILES.photograph, join(images, name));
    const json = join(folder, "results.json");
    const model = ["--config-file", DEMO_FILES.config, "--weights", DEMO_FILES.weights];
    const files = ["--input", images, "--json", json];
    const outcome = await runWithoutReader("predict", ...model, ...files);
    expect(outcome).toEqual({ code: 0, stderr: "" });
    const predictions: Predictions = JSON.parse(await readFile(json, "utf8"));
    expect(predictions.images.map(({ file }) => file)).toEqual([
      join(images, "1.jpg"),
      join(images, "2.jpg"),
    ]);
  });
});
