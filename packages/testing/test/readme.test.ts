import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  firstTypeScriptBlock,
  runProgram,
  runReadmeExample,
  typeScriptBlocks,
} from "../src/index.ts";

describe("runReadmeExample", () => {
  // Inside the package, as examples need its node_modules and its "type": "module".
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(fileURLToPath(new URL("../.readme-test-", import.meta.url)));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("runs this package's own example", async () => {
    const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
    expect(stdout).toBe("true\n");
  });

  it("reports an example that throws and cleans up after it", async () => {
    writeFileSync(join(folder, "README.md"), '```ts\nthrow new Error("broken example");\n```\n');
    await expect(runReadmeExample(folder)).rejects.toThrow("broken example");
    expect(readdirSync(folder)).toEqual(["README.md"]);
  });

  it("complains about a README without an example", async () => {
    writeFileSync(join(folder, "README.md"), "# nothing\n```sh\nls\n```\n");
    await expect(runReadmeExample(folder)).rejects.toThrow("no ```ts block");
  });
});

describe("firstTypeScriptBlock", () => {
  it("takes the first block tagged ts and no other language", () => {
    expect(firstTypeScriptBlock("```tsx\na\n```\n```ts\nb\nc\n```\n```ts\nd\n```\n")).toBe(
      "b\nc\n",
    );
  });
});

describe("typeScriptBlocks", () => {
  it("takes all blocks tagged ts, in order", () => {
    expect(typeScriptBlocks("```ts\na\n```\ntext\n```text\nb\n```\n```ts\nc\n```\n")).toEqual([
      "a\n",
      "c\n",
    ]);
    expect(typeScriptBlocks("nothing")).toEqual([]);
  });
});

describe("runProgram", () => {
  const folder = new URL("..", import.meta.url);

  it("runs a program in a folder that holds what was prepared, and takes the folder away", async () => {
    let scratch = "";
    const { stdout } = await runProgram(
      folder,
      'import { readFileSync } from "node:fs";\nconsole.log(readFileSync("data.txt", "utf8"));',
      {
        prepare: async (prepared) => {
          scratch = prepared;
          writeFileSync(join(prepared, "data.txt"), "prepared");
        },
      },
    );
    expect(stdout).toBe("prepared\n");
    expect(existsSync(scratch)).toBe(false);
  });

  it("ends a program that takes longer than it may", async () => {
    await expect(
      runProgram(folder, "setInterval(() => {}, 1000);", { timeLimit: 2000 }),
    ).rejects.toMatchObject({ killed: true });
  });
});
