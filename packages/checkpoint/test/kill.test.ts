import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/golden.ts";
import { Counter } from "./support/saving-process.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = fileURLToPath(new URL("support/saving-process.ts", import.meta.url));

/** Lets a process save for some time; the last iteration that it reported as saved, NaN when there is none. */
function saveAndKill(saveDir: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = ["--import", "tsx", "--conditions", "@detectron-ts/source"];
    const child = spawn(process.execPath, [...options, PROGRAM, "save-until-killed", saveDir], {
      cwd: PACKAGE,
    });
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
  afterAll(() => rmSync(folder, { recursive: true }));

  it("leaves a complete last checkpoint, twenty times at random moments", async () => {
    const saveDir = join(folder, "output");
    const first = new Counter();
    first.set(0);
    await first.checkpointer(saveDir).save("model_0000000", { iteration: 0 });
    let newest = 0;
    const unfinished = () => readdirSync(saveDir).filter((name) => name.endsWith(".tmp"));
    // Should chance have it that no kill has met a file that was being written, there are more.
    for (let round = 0; round < 20 || unfinished().length === 0; round++) {
      const reported = await saveAndKill(saveDir, Math.random() * 100);
      const counter = new Counter();
      const report = await counter.checkpointer(saveDir).resumeOrLoad("");
      const iteration = Number(report.rest.get("iteration"));
      // Nothing that was reported as saved is lost, and model, optimizer and iteration are of one checkpoint.
      newest = Math.max(newest, reported || 0);
      expect(iteration).toBeGreaterThanOrEqual(newest);
      expect(counter.value()).toBe(iteration);
      expect(counter.restored).toBe(iteration);
      expect(report.complete).toBe(true);
      newest = iteration;
    }
  });
});
