import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { CheckpointWriteError, DetectionCheckpointer, writePth } from "../src/index.ts";
import { FakeModel } from "./support/fake-model.ts";
import { temporaryFolder } from "./support/golden.ts";

const disk = vi.hoisted(() => ({ bytesLeft: Infinity }));

// A disk of limited size: files take what fits and then fail as the system does.
vi.mock("node:fs/promises", async (importOriginal) => {
  const fs = await importOriginal<typeof import("node:fs/promises")>();
  const open: typeof fs.open = async (...args) => {
    const file = await fs.open(...args);
    const write = file.writeFile.bind(file);
    file.writeFile = async (data, options) => {
      const bytes = Buffer.from(data as Uint8Array);
      await write(bytes.subarray(0, Math.max(0, disk.bytesLeft)), options);
      disk.bytesLeft -= bytes.byteLength;
      if (disk.bytesLeft >= 0) return;
      const message = "ENOSPC: no space left on device, write";
      throw Object.assign(new Error(message), { code: "ENOSPC", syscall: "write" });
    };
    return file;
  };
  return { ...fs, open };
});

describe("a full disk", () => {
  it("is a typed error, and the file that was there stays", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.pth");
    writeFileSync(path, "before");
    disk.bytesLeft = 500;
    const big = { shape: [1000], dtype: "float32", data: new Float32Array(1000) };
    const error: unknown = await writePth(path, { big }).catch((e: unknown) => e);
    disk.bytesLeft = Infinity;
    expect(error).toBeInstanceOf(CheckpointWriteError);
    expect(error).toMatchObject({ code: "ENOSPC", path });
    expect(String(error)).toContain(
      "the disk is full (ENOSPC); what was there before is unchanged",
    );
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["a.pth"]);
  });

  it("leaves the last checkpoint what it was, at whatever byte the disk ends", async () => {
    const folder = temporaryFolder();
    const model = FakeModel.of({ w: [4] });
    model.entries.get("w")?.set(Float32Array.of(1, 2, 3, 4));
    const checkpointer = new DetectionCheckpointer(model, { saveDir: folder });
    const first = await checkpointer.save("first", { iteration: 0 });
    const size = readFileSync(first).byteLength;
    for (let bytesLeft = 0; bytesLeft < size + "second.pth".length; bytesLeft += 37) {
      disk.bytesLeft = bytesLeft;
      const save = checkpointer.save("second", { iteration: 1 });
      await expect(save).rejects.toThrow(CheckpointWriteError);
      disk.bytesLeft = Infinity;
      expect(checkpointer.getCheckpointFile()).toBe(first);
      expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }
    expect((await checkpointer.load(first)).rest.get("iteration")).toBe(0);
  });
});
