import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { removeAbandonedFiles, writeFileAtomically } from "../src/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-file-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("writeFileAtomically", () => {
  it("writes text, bytes and what is appended piece by piece", async () => {
    const path = join(folder, "a");
    await writeFileAtomically(path, "größer");
    expect(readFileSync(path, "utf8")).toBe("größer");
    await writeFileAtomically(path, Uint8Array.of(1, 2, 255));
    expect([...readFileSync(path)]).toEqual([1, 2, 255]);
    await writeFileAtomically(path, async (append) => {
      await append("one ");
      await append(Buffer.from("two"));
    });
    expect(readFileSync(path, "utf8")).toBe("one two");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  it("writes an empty file", async () => {
    await writeFileAtomically(join(folder, "empty"), "");
    await writeFileAtomically(join(folder, "nothing"), async () => {});
    expect(readFileSync(join(folder, "empty"))).toHaveLength(0);
    expect(readFileSync(join(folder, "nothing"))).toHaveLength(0);
  });

  it("shows what was there before until the new file is complete", async () => {
    const path = join(folder, "a");
    writeFileSync(path, "before");
    await writeFileAtomically(path, async (append) => {
      await append("after");
      expect(readFileSync(path, "utf8")).toBe("before");
    });
    expect(readFileSync(path, "utf8")).toBe("after");
  });

  it("leaves nothing behind when the content can't be produced", async () => {
    const path = join(folder, "a");
    const write = writeFileAtomically(path, async (append) => {
      await append("half of it");
      throw new RangeError("no more");
    });
    await expect(write).rejects.toThrow(new RangeError("no more"));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves nothing behind when a folder has the name", async () => {
    mkdirSync(join(folder, "a"));
    const write = writeFileAtomically(join(folder, "a"), "text");
    await expect(write).rejects.toMatchObject({ syscall: "rename" });
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  it("makes folders when asked to, and not otherwise", async () => {
    const path = join(folder, "b", "c", "a");
    await expect(writeFileAtomically(path, "text")).rejects.toMatchObject({ code: "ENOENT" });
    expect(readdirSync(folder)).toEqual([]);
    await writeFileAtomically(path, "text", { makeFolder: true });
    expect(readFileSync(path, "utf8")).toBe("text");
  });

  it("keeps writers of the same file apart", async () => {
    const path = join(folder, "a");
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(
      contents.map((content) =>
        writeFileAtomically(path, async (append) => {
          for (let start = 0; start < content.length; start += 10_000) {
            await append(content.slice(start, start + 10_000));
          }
        }),
      ),
    );
    expect(contents).toContain(readFileSync(path, "utf8"));
    expect(readdirSync(folder)).toEqual(["a"]);
  });
});

describe("removeAbandonedFiles", () => {
  it("removes what killed processes left, and nothing that may still be written or is another's", async () => {
    const id = "01234567-89ab-cdef-0123-456789abcdef";
    const hourAgo = Date.now() / 1000 - 3600;
    for (const name of [`old.${id}.tmp`, `new.${id}.tmp`, "notes.tmp", `${id}.tmp.txt`]) {
      writeFileSync(join(folder, name), "");
      if (!name.startsWith("new")) utimesSync(join(folder, name), hourAgo, hourAgo);
    }
    await removeAbandonedFiles(folder);
    expect(readdirSync(folder).sort()).toEqual([`${id}.tmp.txt`, `new.${id}.tmp`, "notes.tmp"]);
  });

  it("does nothing in an empty folder, and throws for one that isn't there", async () => {
    await removeAbandonedFiles(folder);
    await expect(removeAbandonedFiles(join(folder, "none"))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
