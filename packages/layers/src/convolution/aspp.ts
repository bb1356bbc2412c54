import {
  Conv2d,
  type Conv2dOptions,
  Dropout,
  getNorm,
  init,
  LayerOptionError,
  Module,
  ModuleList,
  type NormFactory,
  Sequential,
} from "@detectron-ts/nn";
import { avgPool2d, cat, interpolate, type Tensor } from "@detectron-ts/tensor";

import { LayerShapeError } from "../errors.ts";
import { DepthwiseSeparableConv2d } from "./depthwise-separable-conv2d.ts";

/** Options of {@link ASPP}. */
export interface ASPPOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Of the three convolutions that look far. */
  readonly dilations: readonly [number, number, number];
  /** What normalises every convolution but that of the pooled image, as `getNorm` takes it. */
  readonly norm: string | NormFactory | null;
  /** Follows every convolution. */
  readonly activation: ((x: Tensor) => Tensor) | null;
  /**
   * Height and width of the windows that are averaged; the whole map when left out. Sides of the map have to be multiples of
   * these.
   */
  readonly poolKernelSize?: readonly [height: number, width: number];
  /** Probability of dropping values of the output in training; 0 when left out. */
  readonly dropout?: number;
  /** Whether the dilated convolutions are {@link DepthwiseSeparableConv2d}; false when left out. */
  readonly useDepthwiseSeparableConv?: boolean;
}

type Branch = Module<[x: Tensor], Tensor>;

/**
 * Atrous spatial pyramid pooling: looks at every cell by itself, at its surroundings at three distances, and at the whole map,
 * and mixes what it sees ("Rethinking Atrous Convolution for Semantic Image Segmentation", Chen et al. 2017, section 3.3).
 * Mirrors `detectron2.layers.ASPP`.
 *
 * Called with N×inChannels×H×W, it returns N×outChannels×H×W.
 */
export class ASPP extends Module<[x: Tensor], Tensor> {
  readonly poolKernelSize: readonly [height: number, width: number] | undefined;
  readonly dropout: Dropout;
  /** The 1×1 convolution, the dilated ones, and that of the pooled map. */
  readonly convs: ModuleList<Branch>;
  readonly project: Conv2d;

  /**
   * @throws LayerOptionError of `@detectron-ts/nn` unless there are three dilations, for sizes that are no positive integers,
   *   and for an unknown norm.
   */
  constructor(options: ASPPOptions) {
    super();
    const { inChannels, outChannels, dilations, norm, activation, dropout = 0 } = options;
    if (dilations.length !== 3) {
      const detail = `has to be three numbers, got [${dilations.join(", ")}]`;
      throw new LayerOptionError("ASPP", "dilations", detail);
    }
    this.poolKernelSize = options.poolKernelSize;
    this.dropout = new Dropout({ p: dropout });

    const conv = (own: Pick<Conv2dOptions, "kernelSize" | "padding" | "dilation">): Conv2d =>
      filled({ inChannels, outChannels, ...own }, norm, activation);
    const dilated = dilations.map((dilation): Branch => {
      if (!options.useDepthwiseSeparableConv) {
        return conv({ kernelSize: 3, padding: dilation, dilation });
      }
      return new DepthwiseSeparableConv2d({
        inChannels,
        outChannels,
        padding: dilation,
        dilation,
        norm1: norm,
        activation1: activation,
        norm2: norm,
        activation2: activation,
      });
    });
    // Where the whole map is one value, there is nothing that a norm could compare it with.
    const pooled = filled({ inChannels, outChannels, kernelSize: 1 }, null, activation);
    this.convs = new ModuleList<Branch>([
      conv({ kernelSize: 1 }),
      ...dilated,
      new Sequential((x) => this.#pool(x), pooled),
    ]);
    this.project = filled(
      { inChannels: 5 * outChannels, outChannels, kernelSize: 1 },
      norm,
      activation,
    );
  }

  /** @throws LayerShapeError for a map whose sides `poolKernelSize` doesn't divide. */
  forward(x: Tensor): Tensor {
    const size = [x.shape[2], x.shape[3]] as const;
    const branches = [...this.convs].map((branch) => branch(x));
    const surroundings = branches.slice(0, -1);
    const whole = interpolate(branches[branches.length - 1], { size, mode: "bilinear" });
    return this.dropout(this.project(cat([...surroundings, whole], 1)));
  }

  #pool(x: Tensor): Tensor {
    if (this.poolKernelSize === undefined) return x.mean([2, 3], { keepDims: true });
    const [height, width] = this.poolKernelSize;
    if (x.shape[2] % height !== 0 || x.shape[3] % width !== 0) {
      const wanted = `sides that are multiples of ${height} and ${width}`;
      throw new LayerShapeError("ASPP", "x", x.shape, wanted);
    }
    return avgPool2d(x, { kernelSize: [height, width], stride: 1 });
  }
}

function filled(
  options: Conv2dOptions,
  norm: string | NormFactory | null,
  activation: ((x: Tensor) => Tensor) | null,
): Conv2d {
  const normalizer = getNorm(norm, options.outChannels);
  const conv = new Conv2d({ ...options, bias: normalizer === null, norm: normalizer, activation });
  init.c2XavierFill(conv);
  return conv;
}
