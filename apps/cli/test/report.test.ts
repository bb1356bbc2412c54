import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

/** Writes what a training leaves behind, and returns its folder. */
async function writeRun(name: string, losses: readonly number[]): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  const lines = losses.map((total_loss, i) =>
    JSON.stringify({ iteration: 20 * i + 19, total_loss }),
  );
  await writeFile(join(path, "metrics.json"), `${lines.join("\n")}\n`);
  return path;
}

describe("detectron report", () => {
  it("draws a training into its folder", async () => {
    const run = await writeRun("one", [2, 1.5, 1]);
    const { code, stdout, stderr } = await detectron("report", run);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toBe(`${join(run, "report.html")}\n`);
    expect(await readFile(join(run, "report.html"), "utf8")).toContain("total_loss");
  });

  it("draws several trainings into a page", async () => {
    const runs = [await writeRun("slow", [3, 2]), await writeRun("fast", [3, 1])];
    const page = join(folder, "compared.html");
    const { code } = await detectron("report", ...runs, "--output", page);
    expect(code).toBe(0);
    const html = await readFile(page, "utf8");
    expect(html).toContain("slow");
    expect(html).toContain("fast");
  });

  it("says in one line that there is no training", async () => {
    const { code, stderr } = await detectron("report", join(folder, "none"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]*none\/metrics\.json[^\n]*\n$/);
    expect((await detectron("report")).code).toBe(2);
  });
});
