import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { firstTypeScriptBlock, runReadmeExample } from "../src/index.ts";

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
