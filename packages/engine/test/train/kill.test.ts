import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, it } from "vitest";

import { CHECKPOINT_PERIOD, train } from "./killed-training.ts";

const PROGRAM = fileURLToPath(new URL("killed-training.ts", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const ROUNDS = 20;

const folder = mkdtempSync(join(tmpdir(), "killed-training-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets the training go on in a process of its own, kills that some time after its first iteration; what it reported. */
async function trainAndKill(outputDir: string, round: number): Promise<[number, number][]> {
  const report = join(folder, `report-${round}`);
  const args = ["--import", "tsx", "--conditions", "@detectron-ts/source", PROGRAM];
  const child = spawn(process.execPath, [...args, outputDir, report], { cwd: PACKAGE });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const closed = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on("close", (_, signal) => resolve(signal));
  });
  while (!existsSync(report) && child.exitCode === null) await sleep(5);
  await sleep(Math.random() * 250);
  child.kill("SIGKILL");
  if ((await closed) !== "SIGKILL") throw new Error(`the training ended by itself: ${errors}`);
  return readFileSync(report, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [iter, loss] = line.split(" ").map(Number);
      return [iter, loss];
    });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

it("kill -9, twenty times at random moments, costs a training no more than the iterations since its last checkpoint", async () => {
  const outputDir = join(folder, "killed");
  const losses = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const reported = await trainAndKill(outputDir, round);
    const [first] = reported[0];
    const done = Math.max(-1, ...losses.keys()) + 1;
    // It goes on from the last checkpoint, or from one that was complete before its iteration could be reported.
    expect(first % CHECKPOINT_PERIOD).toBe(0);
    expect(first).toBeGreaterThanOrEqual(done - (done % CHECKPOINT_PERIOD));
    expect(first).toBeLessThanOrEqual(done + 1);
    for (const [iter, loss] of reported) {
      // What is done again gives the same.
      expect(losses.get(iter) ?? loss).toBe(loss);
      losses.set(iter, loss);
    }
  }

  const iterations = Math.max(...losses.keys()) + 1;
  await train(join(folder, "whole"), iterations, (iter, loss) => {
    if (losses.has(iter)) expect([iter, losses.get(iter)]).toEqual([iter, loss]);
  });
}, 300_000);
