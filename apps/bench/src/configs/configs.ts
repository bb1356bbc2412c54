import { writeFile } from "node:fs/promises";
import { getCfg } from "@detectron-ts/config";
import { getConfigFile, listConfigs } from "@detectron-ts/model-zoo";
import { checkConfig, type ConfigCheck } from "./check-config.ts";
import { configsPage } from "./configs-page.ts";
import { readRecordedModels } from "./recorded-models.ts";

/** Options of {@link benchConfigs}. */
export interface ConfigsOptions {
  /** File in Markdown to write. */
  readonly output: string;
}

/**
 * Checks every config of detectron2 and writes a table of them.
 *
 * @returns whether all are well.
 */
export async function benchConfigs({ output }: ConfigsOptions): Promise<boolean> {
  const recorded = readRecordedModels();
  const names = listConfigs();
  // Configs that only train otherwise have the same model.
  const known = new Map<string, ConfigCheck>();
  const checks: [name: string, check: ConfigCheck][] = [];
  for (const name of names) {
    const cfg = getCfg();
    cfg.mergeFromFile(getConfigFile(name));
    cfg.MODEL.WEIGHTS = "";
    const key = [cfg.MODEL.dump(), cfg.TEST.dump(), recorded.get(name)?.sha256].join();
    const check = known.get(key) ?? (await checkConfig(cfg, recorded.get(name)));
    known.set(key, check);
    checks.push([name, check]);
    process.stdout.write(`${name}: ${check.problem ?? "ok"}\n`);
  }
  await writeFile(output, configsPage(checks));
  const fine = checks.filter(([, { problem }]) => problem === undefined).length;
  process.stdout.write(`${fine} of ${checks.length} configs build and run; ${output}\n`);
  return fine === checks.length;
}
