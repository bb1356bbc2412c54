import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CheckpointError } from "@detectron-ts/checkpoint";
import { DatasetFileError, loadProposalsIntoDataset } from "@detectron-ts/data";
import { readProposalFile } from "@detectron-ts/engine";
import { BoxMode } from "@detectron-ts/structures";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "proposals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two images' proposals, as NumPy and Python's pickle wrote them: of the second there are none. */
const FILE = fileURLToPath(new URL("../golden/proposals.pkl", import.meta.url));

it("reads proposals that Python pickled, for the images of a dataset, the likeliest first", async () => {
  const proposals = await readProposalFile(FILE);
  expect(proposals.ids).toEqual([7, 3]);
  expect(proposals.bboxMode).toBe(BoxMode.XYXY_ABS);
  const dicts = [3, 7].map((imageId) => ({ fileName: `${imageId}.jpg`, imageId }));
  const [none, two] = loadProposalsIntoDataset(dicts, proposals, FILE);
  expect(none.proposalBoxes).toHaveLength(0);
  expect([...(two.proposalBoxes ?? [])]).toEqual([4, 5, 40.5, 30, 0, 0, 10, 10]);
  expect([...(two.proposalObjectnessLogits ?? [])]).toEqual([2.25, -1.5]);
});

it.each([
  ["a list", Buffer.from("\x80\x02].", "latin1"), "holds no dict of proposals"],
  ["a dict without ids", Buffer.from("\x80\x02}.", "latin1"), 'has no list "ids"'],
])("refuses %s", async (name, bytes, message) => {
  const file = join(folder, `${name}.pkl`);
  writeFileSync(file, bytes);
  await expect(readProposalFile(file)).rejects.toThrow(DatasetFileError);
  await expect(readProposalFile(file)).rejects.toThrow(message);
});

it("refuses what is no pickle, and runs nothing of one", async () => {
  const file = join(folder, "os.pkl");
  writeFileSync(file, "cos\nsystem\n(S'touch pwned'\ntR.");
  await expect(readProposalFile(file)).rejects.toThrow("os.system");
  writeFileSync(file, "no pickle");
  await expect(readProposalFile(file)).rejects.toThrow(CheckpointError);
});
