import {
  BasicBlock,
  BottleneckBlock,
  type CNNBlockBase,
  DeformBottleneckBlock,
  makeStage,
} from "@detectron-ts/layers";
import { LayerOptionError } from "@detectron-ts/nn";

/** Blocks of res2, res3, res4 and res5 by depth (He et al. 2016, table 1). */
const BLOCKS_PER_STAGE: Readonly<Record<number, readonly number[]>> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
};

/** The shallowest ResNet of bottleneck blocks; the ones below have basic blocks. */
const SHALLOWEST_BOTTLENECK = 50;

/** Options of {@link makeDefaultStages}. */
export interface DefaultStagesOptions {
  /** 18, 34, 50, 101 or 152. */
  readonly depth: number;
  /** Channels of the stem's output; 64 when left out. */
  readonly inChannels?: number;
  /** Channels of res2's output, doubled by each further stage; left out, 256, or 64 for depth 18 and 34. */
  readonly res2OutChannels?: number;
  /** Name of the normalisation, `"BN"` when left out. */
  readonly norm?: string;
  /** Stages to make, counted from res2; 4 when left out. */
  readonly numStages?: number;
  /** Groups of the 3×3 convolutions: 1, when left out, for ResNet; more for ResNeXt. */
  readonly numGroups?: number;
  /** Channels of one group in res2, doubled by each further stage; 64 when left out. */
  readonly widthPerGroup?: number;
  /** Whether a stage's stride is in its first 1×1 convolution and not in the 3×3; false when left out. */
  readonly strideIn1x1?: boolean;
  /** 2 makes res5 keep res4's stride and dilates its 3×3 convolutions (DC5); 1 when left out. */
  readonly res5Dilation?: number;
  /** For res2 to res5, whether the 3×3 convolutions are deformable; never when left out. */
  readonly deformOnPerStage?: readonly boolean[];
  /** Whether deformable convolutions weight their samples (version 2); false when left out. */
  readonly deformModulated?: boolean;
  /** Channel groups with offsets of their own in deformable convolutions; 1 when left out. */
  readonly deformNumGroups?: number;
}

/**
 * The stages of a standard ResNet or ResNeXt, to be handed to `ResNet`. Mirrors `ResNet.make_default_stages`
 * of detectron2, with the variants that its `build_resnet_backbone` knows.
 *
 * @returns for each stage, from res2 on, its blocks.
 * @throws LayerOptionError for an unknown depth, a dilation other than 1 and 2, or a depth below 50 with
 *   groups, deformable convolutions or dilation, none of which a basic block has.
 */
export function makeDefaultStages(options: DefaultStagesOptions): CNNBlockBase[][] {
  checkOptions(options);
  const { depth, norm = "BN", numStages = 4, res5Dilation = 1 } = options;
  const { numGroups = 1, widthPerGroup = 64, strideIn1x1 = false } = options;
  const { deformOnPerStage = [], deformModulated = false, deformNumGroups = 1 } = options;
  const isBasic = depth < SHALLOWEST_BOTTLENECK;
  const { inChannels: stemChannels = 64, res2OutChannels = isBasic ? 64 : 256 } = options;

  const stages: CNNBlockBase[][] = [];
  for (const [index, numBlocks] of BLOCKS_PER_STAGE[depth].slice(0, numStages).entries()) {
    const isRes5 = index === 3;
    const dilation = isRes5 ? res5Dilation : 1;
    // The stem has brought the stride to 4 already, which res2 keeps; a dilated res5 keeps res4's.
    const stride = index === 0 || dilation > 1 ? 1 : 2;
    const outChannels = res2OutChannels * 2 ** index;
    const inChannels = index === 0 ? stemChannels : outChannels / 2;
    const bottleneck = {
      bottleneckChannels: numGroups * widthPerGroup * 2 ** index,
      numGroups,
      strideIn1x1,
      dilation,
      norm,
    };
    stages.push(
      makeStage<CNNBlockBase>({ numBlocks, inChannels, outChannels, stride }, (block) => {
        if (isBasic) return new BasicBlock({ ...block, norm });
        if (!deformOnPerStage[index]) return new BottleneckBlock({ ...block, ...bottleneck });
        const deform = { deformModulated, deformNumGroups };
        return new DeformBottleneckBlock({ ...block, ...bottleneck, ...deform });
      }),
    );
  }
  return stages;
}

function checkOptions(options: DefaultStagesOptions): void {
  const { depth, numStages = 4, res5Dilation = 1, numGroups = 1, deformOnPerStage } = options;
  if (!(depth in BLOCKS_PER_STAGE)) refuse("depth", depth, "18, 34, 50, 101 or 152");
  if (!Number.isInteger(numStages) || numStages < 0 || numStages > 4) {
    refuse("numStages", numStages, "0 to 4");
  }
  if (res5Dilation !== 1 && res5Dilation !== 2) refuse("res5Dilation", res5Dilation, "1 or 2");
  if (deformOnPerStage && deformOnPerStage.length !== 4) {
    refuse("deformOnPerStage", deformOnPerStage, "four values, for res2 to res5");
  }
  if (depth >= SHALLOWEST_BOTTLENECK) return;
  if (numGroups !== 1) refuse("numGroups", numGroups, `1 for depth ${depth}`);
  if (res5Dilation !== 1) refuse("res5Dilation", res5Dilation, `1 for depth ${depth}`);
  if (deformOnPerStage?.includes(true)) {
    refuse("deformOnPerStage", deformOnPerStage, `false throughout for depth ${depth}`);
  }
}

function refuse(option: string, got: unknown, wanted: string): never {
  throw new LayerOptionError("ResNet", option, `has to be ${wanted}, got ${String(got)}`);
}
