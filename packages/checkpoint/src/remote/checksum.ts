import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { ChecksumMismatchError } from "../errors.ts";

/**
 * The checksum prefix in a file's name, or undefined when it has none.
 *
 * - `model_final_a54504.pkl`: detectron2's model zoo puts the first 6 digits of the MD5 there.
 * - `resnet50-19c8e357.pth`: torch hub puts the first 8 or more digits of the SHA-256 there.
 *
 * Names with other numbers (`model_0089999.pth` is an iteration, `model-20200101.pth` a date) have none.
 */
export function checksumInFileName(name: string): string | undefined {
  const zoo = /^model_final_([0-9a-f]{6})\.(?:pkl|pth)$/.exec(name);
  if (zoo) return zoo[1];
  const hub = /-([0-9a-f]{8,64})\.[a-z]+$/.exec(name);
  if (hub && !/^(?:19|20)\d{6}$/.test(hub[1])) return hub[1];
  return undefined;
}

/**
 * Accepts the file when its MD5 or its SHA-256 starts with `expected`.
 *
 * @throws {ChecksumMismatchError} when neither does.
 */
export async function verifyChecksum(path: string, url: string, expected: string): Promise<void> {
  const md5 = createHash("md5");
  const sha256 = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    md5.update(chunk);
    sha256.update(chunk);
  }
  const digests = [md5.digest("hex"), sha256.digest("hex")] as const;
  if (!digests.some((digest) => digest.startsWith(expected.toLowerCase()))) {
    throw new ChecksumMismatchError(url, expected, ...digests);
  }
}
