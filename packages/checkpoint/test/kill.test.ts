import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/golden.ts";
import { Counter } from "./support/saving-process.ts";

const PACKAGE = new URL("..", import.meta.url).pathname;

/** JavaScript of the sources in a folder of its own: the process to be killed is a plain Node. */
function compile(folder: string): void {
  const sources = readdirSync(join(PACKAGE, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join("src", name));
  for (const name of [...sources, "test/support/saving-process.ts"]) {
    const { outputText } = ts.transpileModule(readFileSync(join(PACKAGE, name), "utf8"), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        rewriteRelativeImportExtensions: true,
      },
    });
    const path = join(folder, name.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(join(PACKAGE, "node_modules"), join(folder, "node_modules"));
}

/** Lets a process save until some time after its first checkpoint; the last iteration that it reported. */
function saveAndKill(program: string, saveDir: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "save-until-killed", saveDir]);
    let output = "";
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), afterMs);
      output += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the process ended by itself: ${errors}`));
      else resolve(Number(output.trimEnd().split("\n").at(-1)));
    });
  });
}

describe("kill -9 while checkpoints are written", () => {
  const folder = temporaryFolder();
  beforeAll(() => compile(folder));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("leaves a complete last checkpoint, twenty times at random moments", async () => {
    const saveDir = join(folder, "output");
    const program = join(folder, "test/support/saving-process.js");
    let previous = -1;
    let unfinished = 0;
    for (let round = 0; round < 20; round++) {
      const reported = await saveAndKill(program, saveDir, Math.random() * 80);
      const counter = new Counter();
      const report = await counter.checkpointer(saveDir).resumeOrLoad("");
      const iteration = report.rest.get("iteration");
      // Nothing that was reported as saved is lost, and model, optimizer and iteration are of one checkpoint.
      expect(iteration).toBeGreaterThanOrEqual(Math.max(reported, previous + 1));
      expect(counter.values()).toEqual([iteration]);
      expect(counter.restored).toBe(iteration);
      expect(report.complete).toBe(true);
      previous = Number(iteration);
      unfinished = readdirSync(saveDir).filter((name) => name.endsWith(".tmp")).length;
    }
    // At least one kill has met a file that was being written; else the test tests nothing.
    expect(unfinished).toBeGreaterThan(0);
  });
});
