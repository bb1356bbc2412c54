import type { Config } from "@detectron-ts/config";
import {
  buildDetectionTestLoader,
  type DatasetDict,
  type DetectionTestLoader,
} from "@detectron-ts/data";
import { readProposalFile } from "@detectron-ts/engine";

/** The loader of a test dataset whose entries have been read already; with proposals it is read anew. */
export function testLoader(
  cfg: Config,
  name: string,
  dataset: readonly DatasetDict[],
): Promise<DetectionTestLoader> {
  const options = cfg.MODEL.LOAD_PROPOSALS ? { readProposals: readProposalFile } : { dataset };
  return buildDetectionTestLoader(cfg, name, options);
}
