import type { ShapeSpec } from "@detectron-ts/layers";
import {
  gelu,
  type Generator,
  ModuleList,
  type NormFactory,
  type Parameter,
} from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { BackboneModule, type FeatureMaps } from "../backbone.ts";
import { absolutePositions, positionCount } from "../transformer/absolute-positions.ts";
import { dropPathRates } from "../transformer/drop-path.ts";
import { embedding, initializeLinearLayers, tokenNorm } from "../transformer/initialize.ts";
import { PatchEmbed } from "../transformer/patch-embed.ts";
import { Block } from "./block.ts";

/** Options of {@link ViT}; what is left out is as in ViT-B. */
export interface ViTOptions {
  /** Side of the images that embeddings of relative positions are for; 1024 when left out. Others can be used, too. */
  readonly imgSize?: number;
  /** Side of the patch that a token stands for; 16 when left out. */
  readonly patchSize?: number;
  /** Channels of images; 3 when left out. */
  readonly inChans?: number;
  /** Channels of a token; 768 when left out. */
  readonly embedDim?: number;
  /** Number of blocks; 12 when left out. */
  readonly depth?: number;
  /** Heads of each attention; 12 when left out. */
  readonly numHeads?: number;
  /** Hidden channels of feed-forward parts over `embedDim`; 4 when left out. */
  readonly mlpRatio?: number;
  /** Whether queries, keys and values have a bias; true when left out. */
  readonly qkvBias?: boolean;
  /** Probability of skipping the last block's parts in training, less for those before; 0 when left out. */
  readonly dropPathRate?: number;
  /** Layer norm with an epsilon of 1e-5 when left out; ViTDet's has 1e-6. */
  readonly normLayer?: NormFactory;
  /** {@link gelu} when left out. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Whether tokens know their place in the image; true when left out. */
  readonly useAbsPos?: boolean;
  /** Whether attention knows the distance of tokens; false when left out. */
  readonly useRelPos?: boolean;
  /** Whether embeddings of distances start at 0; true when left out. */
  readonly relPosZeroInit?: boolean;
  /** Side in tokens of the windows of `windowBlockIndexes`; 0, when left out, for none. */
  readonly windowSize?: number;
  /** Blocks whose attention stays within windows; none when left out. */
  readonly windowBlockIndexes?: readonly number[];
  /** Blocks that end in a residual block of convolutions; none when left out. */
  readonly residualBlockIndexes?: readonly number[];
  /** Side of the images that embeddings of places were trained with; 224 when left out. */
  readonly pretrainImgSize?: number;
  /** Whether these embeddings have one for a class token, which is not used here; true when left out. */
  readonly pretrainUseClsToken?: boolean;
  /** Name of the feature map; `"last_feat"` when left out. */
  readonly outFeature?: string;
  /** Draws which blocks are skipped in training; the default generator when left out. */
  readonly generator?: Generator;
}

/**
 * A plain vision transformer for detection, whose attention stays within windows in most blocks ("Exploring Plain Vision
 * Transformer Backbones for Object Detection", Li et al. 2022). Mirrors `detectron2.modeling.backbone.ViT`.
 *
 * ```ts
 * const vitB = new ViT({
 *   normLayer: (numChannels) => new ChannelsLastLayerNorm({ numChannels, eps: 1e-6 }),
 *   useRelPos: true,
 *   windowSize: 14,
 *   windowBlockIndexes: [0, 1, 3, 4, 6, 7, 9, 10],
 *   dropPathRate: 0.1,
 * });
 * const { last_feat } = vitB(images); // N×768×H/16×W/16
 * ```
 */
export class ViT extends BackboneModule {
  readonly pretrainUseClsToken: boolean;
  readonly outFeature: string;
  readonly patchEmbed: PatchEmbed;
  /** 1×positions×embedDim. */
  readonly posEmbed: Parameter | null;
  readonly blocks: ModuleList<Block>;
  readonly #shape: ShapeSpec;

  /** @throws LayerOptionError when a size is no positive integer or channels do not divide into heads. */
  constructor(options: ViTOptions = {}) {
    super();
    const { imgSize = 1024, patchSize = 16, inChans = 3, embedDim = 768, depth = 12 } = options;
    const { numHeads = 12, mlpRatio = 4, qkvBias = true, dropPathRate = 0 } = options;
    const { normLayer = tokenNorm, activation = gelu, useAbsPos = true } = options;
    const { useRelPos = false, relPosZeroInit = true, windowSize = 0 } = options;
    const { windowBlockIndexes = [], residualBlockIndexes = [], pretrainImgSize = 224 } = options;
    const { pretrainUseClsToken = true, outFeature = "last_feat", generator } = options;

    const stride = patchSize;
    this.pretrainUseClsToken = pretrainUseClsToken;
    this.outFeature = outFeature;
    this.patchEmbed = new PatchEmbed({
      kernelSize: patchSize,
      stride,
      inChannels: inChans,
      embedDim,
    });
    const positions = positionCount(pretrainImgSize, [patchSize, patchSize], pretrainUseClsToken);
    this.posEmbed = useAbsPos ? embedding([1, positions, embedDim]) : null;
    const tokens = Math.floor(imgSize / patchSize);
    this.blocks = new ModuleList(
      dropPathRates(dropPathRate, depth).map(
        (dropPath, i) =>
          new Block({
            dim: embedDim,
            numHeads,
            mlpRatio,
            qkvBias,
            dropPath,
            normLayer,
            activation,
            useRelPos,
            relPosZeroInit,
            windowSize: windowBlockIndexes.includes(i) ? windowSize : 0,
            useResidualBlock: residualBlockIndexes.includes(i),
            inputSize: [tokens, tokens],
            generator,
          }),
      ),
    );
    this.#shape = { channels: embedDim, stride };
    initializeLinearLayers(this);
  }

  /**
   * @param images N×inChans×H×W; what is left of H and W after whole patches is cut off.
   * @returns `outFeature`, N×embedDim×rows×columns.
   */
  forward(images: Tensor): FeatureMaps {
    let x = this.patchEmbed(images);
    if (this.posEmbed) {
      const [, height, width] = x.shape;
      x = x.add(absolutePositions(this.posEmbed, this.pretrainUseClsToken, [height, width]));
    }
    for (const block of this.blocks) x = block(x);
    return { [this.outFeature]: x.permute(0, 3, 1, 2) };
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { [this.outFeature]: { ...this.#shape } };
  }
}
