/** Options of {@link getVitLrDecayRate}. */
export interface VitLrDecayOptions {
  /** Factor from one layer to the one before; 1 when left out. */
  readonly lrDecayRate?: number;
  /** Number of blocks of the transformer; 12 when left out. */
  readonly numLayers?: number;
}

/**
 * The factor of a parameter's learning rate when that decays toward the input: `lrDecayRate` to the power of the layers above.
 * Embeddings of patches and positions are layer 0, block i is layer i + 1, and everything else, residual blocks of
 * convolutions included, is above all blocks. Mirrors `detectron2.modeling.backbone.vit.get_vit_lr_decay_rate`.
 *
 * @param name Checkpoint name, such as `backbone.net.blocks.0.attn.qkv.weight`.
 */
export function getVitLrDecayRate(
  name: string,
  { lrDecayRate = 1, numLayers = 12 }: VitLrDecayOptions = {},
): number {
  return lrDecayRate ** (numLayers + 1 - layerOf(name, numLayers));
}

function layerOf(name: string, numLayers: number): number {
  const last = numLayers + 1;
  if (!name.startsWith("backbone")) return last;
  if (name.includes(".pos_embed") || name.includes(".patch_embed")) return 0;
  const block = /\.blocks\.(\d+)\./.exec(name);
  return block === null || name.includes(".residual.") ? last : Number(block[1]) + 1;
}
