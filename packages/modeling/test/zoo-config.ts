import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { type Config, getCfg } from "@detectron-ts/config";

const require = createRequire(import.meta.url);
/** The folder of detectron2's configs. The model zoo, which has them by name, stands on this package. */
const folder = dirname(require.resolve("@detectron-ts/configs/package.json"));

/** The names of all configs, sorted. */
export function listConfigs(): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .map((path) => path.replaceAll(sep, "/"))
    .sort();
}

/** A config of detectron2 by its name, with or without `.yaml`, merged into the defaults. */
export function getConfig(name: string): Config {
  const cfg = getCfg();
  cfg.mergeFromFile(join(folder, name.endsWith(".yaml") ? name : `${name}.yaml`));
  return cfg;
}
