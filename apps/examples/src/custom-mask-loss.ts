/** A mask head with a loss of one's own, trained: whole masks are compared by their overlap, not pixel by pixel. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registerPennFudan } from "@detectron-ts/data";
import { DefaultTrainer } from "@detectron-ts/engine";
import {
  type LabeledProposalFields,
  type Losses,
  MaskRCNNConvUpsampleHead,
  ROI_MASK_HEAD_REGISTRY,
} from "@detectron-ts/roi-heads";
import type { Instances } from "@detectron-ts/structures";
import { tensor, type Tensor } from "@detectron-ts/tensor";

import { demoConfig, weights } from "./demo-model.ts";
import { drawPeople } from "./draw-people.ts";

/** The usual head with the Dice loss (Milletari et al. 2016) for one class: 1 - 2·|A∩B| / (|A| + |B|) of each region. */
export class DiceMaskHead extends MaskRCNNConvUpsampleHead {
  override losses(x: Tensor, proposals: readonly Instances<LabeledProposalFields>[]): Losses {
    const masks = this(x).sigmoid(); // regions × 1 × side × side
    const [regions, , side] = masks.shape;
    const cropped = proposals.flatMap(({ gtMasks, proposalBoxes }) =>
      gtMasks === undefined ? [] : [...gtMasks.cropAndResize(proposalBoxes, side).data],
    );
    const targets = tensor(Float32Array.from(cropped), { shape: masks.shape });
    const intersections = masks.mul(targets).sum([1, 2, 3]);
    const sizes = masks.add(targets).sum([1, 2, 3]).add(1); // no region is divided by 0
    const dice = intersections.mul(2).div(sizes);
    return { loss_mask: dice.neg().add(1).sum().div(Math.max(regions, 1)) };
  }
}

ROI_MASK_HEAD_REGISTRY.register(
  "DiceMaskHead",
  (cfg, shape) => new DiceMaskHead(MaskRCNNConvUpsampleHead.fromConfig(cfg, shape)),
);

const folder = await mkdtemp(join(tmpdir(), "detectron-people-"));
await drawPeople(folder, 8, 1);
registerPennFudan("dice_people", folder);

const cfg = demoConfig();
cfg.mergeFromFile(fileURLToPath(new URL("custom-mask-loss.yaml", import.meta.url)));
cfg.MODEL.WEIGHTS = weights;
cfg.OUTPUT_DIR = join(folder, "output");

export const trainer = await DefaultTrainer.create(cfg, { log: console.log });
await trainer.resumeOrLoad({ resume: false });
await trainer.train();
/** Of each iteration. */
export const losses = trainer.storage
  .history("loss_mask")
  .values()
  .map(([loss]) => loss);
console.log(`loss_mask from ${losses[0].toFixed(2)} to ${losses[losses.length - 1].toFixed(2)}`);
