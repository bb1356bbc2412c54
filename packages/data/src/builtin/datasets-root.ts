import { homedir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";

/** The environment variable that names the folder of the builtin datasets; detectron2's own. */
export const DATASETS_VARIABLE = "DETECTRON2_DATASETS";

/** The folder where the builtin datasets are looked for: that of {@link DATASETS_VARIABLE}, or `datasets`. */
export function datasetsRoot(): string {
  const root = env[DATASETS_VARIABLE];
  if (root === undefined || root === "") return "datasets";
  return /^~(?=[/\\]|$)/.test(root) ? join(homedir(), root.slice(1)) : root;
}
