import { buildAnchorGenerator } from "@detectron-ts/anchor-generator";
import { configure, Registry, type Config } from "@detectron-ts/config";
import { type ShapeSpec, OptionError } from "@detectron-ts/layers";
import { Conv2d, init, Module, relu, Sequential } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** What an {@link RPNHead} predicts from feature maps N×C×H×W: for each of them one tensor of each kind. */
export type RPNHeadOutput = [
  /** N×A×H×W: logit of each of the A anchors at a location. */
  predObjectnessLogits: Tensor[],
  /** N×(A·boxDim)×H×W: the deltas of the first anchor, those of the second, and so on. */
  predAnchorDeltas: Tensor[],
];

/** What classifies the anchors of feature maps and predicts their deltas. {@link RPN} knows heads by this type alone. */
export type RPNHead = Module<[features: readonly Tensor[]], RPNHeadOutput>;

/** Makes an RPN head from a config and the shapes of the feature maps it is for. */
export type RPNHeadBuilder = (cfg: Config, inputShape: readonly ShapeSpec[]) => RPNHead;

/** RPN heads by the names that `MODEL.RPN.HEAD_NAME` may have. */
export const RPN_HEAD_REGISTRY = new Registry<RPNHeadBuilder>("RPN_HEAD");

/**
 * Builds the head that `cfg.MODEL.RPN.HEAD_NAME` names.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildRpnHead(cfg: Config, inputShape: readonly ShapeSpec[]): RPNHead {
  return RPN_HEAD_REGISTRY.get(cfg.MODEL.RPN.HEAD_NAME)(cfg, inputShape);
}

/** Options of {@link StandardRPNHead}. */
export interface StandardRPNHeadOptions {
  /** Channels of every feature map. */
  readonly inChannels: number;
  /** Anchors at each location of every feature map. */
  readonly numAnchors: number;
  /** Numbers that describe a box; 4 by default. */
  readonly boxDim?: number;
  /** Output channels of the convolutions before the predictors, -1 for as many as go in; `[-1]` by default. */
  readonly convDims?: readonly number[];
}

/**
 * The head of Faster R-CNN (Ren et al. 2015, section 3.1): 3×3 convolutions with ReLU, then 1×1 convolutions that
 * predict logits and deltas; shared by all feature maps. Mirrors
 * `detectron2.modeling.proposal_generator.StandardRPNHead`.
 *
 * Weights begin normal with standard deviation 0.01, biases zero.
 */
export class StandardRPNHead extends Module<[features: readonly Tensor[]], RPNHeadOutput> {
  /** One convolution; or several, named `conv0`, `conv1`, … */
  readonly conv: Conv2d | Sequential;
  readonly objectnessLogits: Conv2d;
  readonly anchorDeltas: Conv2d;

  /** @throws {@link OptionError} */
  constructor({ inChannels, numAnchors, boxDim = 4, convDims = [-1] }: StandardRPNHeadOptions) {
    super();
    if (convDims.length === 0 || convDims.some((channels) => channels !== -1 && !(channels > 0))) {
      throw new OptionError("convDims", convDims, "a list of positive numbers or -1");
    }
    let channels = inChannels;
    const convolutions = convDims.map((dim) => {
      const outChannels = dim === -1 ? channels : dim;
      const convolution = new Conv2d({
        inChannels: channels,
        outChannels,
        kernelSize: 3,
        padding: 1,
        activation: relu,
      });
      channels = outChannels;
      return convolution;
    });
    // A single convolution has no number in its name, so that checkpoints keep the name they have always had.
    this.conv = convolutions.length === 1 ? convolutions[0] : numbered(convolutions);
    this.objectnessLogits = new Conv2d({
      inChannels: channels,
      outChannels: numAnchors,
      kernelSize: 1,
    });
    this.anchorDeltas = new Conv2d({
      inChannels: channels,
      outChannels: numAnchors * boxDim,
      kernelSize: 1,
    });
    for (const { weight, bias } of [...convolutions, this.objectnessLogits, this.anchorDeltas]) {
      init.normal(weight, { std: 0.01 });
      if (bias) init.constant(bias, 0);
    }
  }

  /**
   * Options from the config, whose anchor generator says how many anchors there are.
   *
   * @throws {@link OptionError} unless all feature maps have as many channels, and as many anchors at a location.
   */
  static fromConfig(cfg: Config, inputShape: readonly ShapeSpec[]): StandardRPNHeadOptions {
    const { numCellAnchors, boxDim } = buildAnchorGenerator(cfg, inputShape);
    return {
      inChannels: common(
        "channels of the feature maps",
        inputShape.map(({ channels }) => channels),
      ),
      numAnchors: common("anchors of the feature maps", numCellAnchors),
      boxDim,
      convDims: cfg.MODEL.RPN.CONV_DIMS,
    };
  }

  forward(features: readonly Tensor[]): RPNHeadOutput {
    const hidden = features.map((feature) => this.conv(feature));
    return [hidden.map((x) => this.objectnessLogits(x)), hidden.map((x) => this.anchorDeltas(x))];
  }
}

RPN_HEAD_REGISTRY.register("StandardRPNHead", (cfg, inputShape) =>
  configure(StandardRPNHead, [cfg, inputShape]),
);

function numbered(convolutions: readonly Conv2d[]): Sequential {
  const sequence = new Sequential();
  for (const [index, convolution] of convolutions.entries()) {
    sequence.add(convolution, `conv${index}`);
  }
  return sequence;
}

/** The number that all of a list are. */
function common(what: string, numbers: readonly (number | undefined)[]): number {
  const [first] = numbers;
  if (first === undefined || numbers.some((number) => number !== first)) {
    throw new OptionError(what, numbers, "known and all the same");
  }
  return first;
}
