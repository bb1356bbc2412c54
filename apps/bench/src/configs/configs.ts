import { writeFile } from "node:fs/promises";
import { getCfg } from "@detectron-ts/config";
import { getConfig, getConfigFile, listConfigs, listLazyConfigs } from "@detectron-ts/model-zoo";
import { checkConfig, type ConfigCheck } from "./check-config.ts";
import { checkLazyConfig } from "./check-lazy-config.ts";
import { type CheckedConfig, configsPage } from "./configs-page.ts";
import { readRecordedModels } from "./recorded-models.ts";

/** Options of {@link benchConfigs}. */
export interface ConfigsOptions {
  /** File in Markdown to write. */
  readonly output: string;
}

/**
 * Checks every config of detectron2 and writes a page about them.
 *
 * @returns whether all are well.
 */
export async function benchConfigs({ output }: ConfigsOptions): Promise<boolean> {
  const yaml = await checkYamlConfigs();
  const lazy = await checkLazyConfigs();
  await writeFile(output, configsPage(yaml, lazy));
  const all = [...yaml, ...lazy];
  const fine = all.filter(({ check }) => check.problem === undefined).length;
  process.stdout.write(`${fine} of ${all.length} configs build and run; ${output}\n`);
  return fine === all.length;
}

async function checkYamlConfigs(): Promise<CheckedConfig[]> {
  const recordings = readRecordedModels("yaml");
  // Configs that only train otherwise have the same model.
  const known = new Map<string, ConfigCheck>();
  const checked: CheckedConfig[] = [];
  for (const name of listConfigs()) {
    const cfg = getCfg();
    cfg.mergeFromFile(getConfigFile(name));
    cfg.MODEL.WEIGHTS = "";
    const recorded = recordings.get(name);
    const key = [cfg.MODEL.dump(), cfg.TEST.dump(), recorded?.sha256].join();
    const check = known.get(key) ?? (await checkConfig(cfg, recorded));
    known.set(key, check);
    checked.push(report({ name, check, isRecorded: recorded !== undefined }));
  }
  return checked;
}

async function checkLazyConfigs(): Promise<CheckedConfig[]> {
  const recordings = readRecordedModels("lazy");
  // Configs of one model differ in how long they train.
  const known = new Map<string, ConfigCheck>();
  const checked: CheckedConfig[] = [];
  for (const name of listLazyConfigs()) {
    const recorded = recordings.get(name.replace(/\.py$/, ""));
    const key = recorded?.sha256 ?? name;
    const check = known.get(key) ?? (await checkLazyConfig(await getConfig(name), recorded));
    known.set(key, check);
    checked.push(report({ name, check, isRecorded: recorded !== undefined }));
  }
  return checked;
}

function report(checked: CheckedConfig): CheckedConfig {
  process.stdout.write(`${checked.name}: ${checked.check.problem ?? "ok"}\n`);
  return checked;
}
