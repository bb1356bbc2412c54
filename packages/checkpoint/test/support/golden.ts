import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Path of a file in this package's `test/golden`. */
export function golden(name: string): string {
  return new URL(`../golden/${name}`, import.meta.url).pathname;
}

export function goldenJson<T>(name: string): T {
  return JSON.parse(readFileSync(golden(name), "utf8")) as T;
}

/** A new empty folder for one test. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "checkpoint-test-"));
}

/** One expected tensor: raw bytes as the golden safetensors file has them. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

/** A minimal safetensors parser of its own, so that the expected values don't come from the code under test. */
export function expectedTensors(path: string): Map<string, ExpectedTensor> {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [begin, end],
          },
        ]) => [name, { dtype, shape, bytes: file.subarray(8 + length + begin, 8 + length + end) }],
      ),
  );
}
