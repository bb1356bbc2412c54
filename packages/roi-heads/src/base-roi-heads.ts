import type { Config } from "@detectron-ts/config";
import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import {
  Matcher,
  subsampleLabels,
  type MatchLabel,
  type RandomGenerator,
} from "@detectron-ts/matcher";
import { defaultGenerator, Module } from "@detectron-ts/nn";
import { addGroundTruthToProposals, type Proposals } from "@detectron-ts/proposal-generator";
import { pairwiseIou, type ImageList, type Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";

import { CountMismatchError, MissingGroundTruthError } from "./errors.ts";
import type {
  AnyFields,
  DetectionFields,
  Features,
  GivenBoxFields,
  LabeledProposalFields,
  LaterFields,
  Losses,
  RegionFields,
  TargetFields,
} from "./fields.ts";
import { pickFeatures } from "./input-shape.ts";
import type { ROIHeadsArgs, ROIHeadsOutput } from "./roi-heads.ts";
import { matchedClasses } from "./sampling/classes.ts";

/** Options that all ROI heads share. */
export interface BaseROIHeadsOptions {
  /** Foreground classes, K; K itself stands for background. */
  readonly numClasses: number;
  /** Names of the feature maps that regions are pooled from, finest first. */
  readonly inFeatures: readonly string[];
  /** Proposals of each image that train; fewer if there are not so many. */
  readonly batchSizePerImage: number;
  /** Most of them that may be foreground, as a fraction. */
  readonly positiveFraction: number;
  /** Decides which ground truth a proposal belongs to, and whether it is foreground. */
  readonly proposalMatcher: Matcher;
  /** Whether ground-truth boxes join the proposals in training; true when left out. */
  readonly proposalAppendGt?: boolean;
  /** Decides which proposals train; the generator that also initialises weights when left out. */
  readonly generator?: RandomGenerator;
}

/**
 * What ROI heads have in common: which proposals train, and the order of things. Subclasses say how regions are looked
 * at. Mirrors `detectron2.modeling.ROIHeads`.
 */
export abstract class BaseROIHeads extends Module<ROIHeadsArgs, Promise<ROIHeadsOutput>> {
  readonly numClasses: number;
  readonly inFeatures: readonly string[];
  readonly batchSizePerImage: number;
  readonly positiveFraction: number;
  readonly proposalMatcher: Matcher;
  readonly proposalAppendGt: boolean;
  generator: RandomGenerator;

  constructor(options: BaseROIHeadsOptions) {
    super();
    this.numClasses = options.numClasses;
    this.inFeatures = options.inFeatures;
    this.batchSizePerImage = options.batchSizePerImage;
    this.positiveFraction = options.positiveFraction;
    this.proposalMatcher = options.proposalMatcher;
    this.proposalAppendGt = options.proposalAppendGt ?? true;
    this.generator = options.generator ?? defaultGenerator;
  }

  /** The shared options, from `MODEL.ROI_HEADS`. */
  protected static baseOptions(cfg: Config): BaseROIHeadsOptions {
    const { ROI_HEADS } = cfg.MODEL;
    return {
      numClasses: ROI_HEADS.NUM_CLASSES,
      inFeatures: ROI_HEADS.IN_FEATURES,
      batchSizePerImage: ROI_HEADS.BATCH_SIZE_PER_IMAGE,
      positiveFraction: ROI_HEADS.POSITIVE_FRACTION,
      proposalMatcher: new Matcher({
        thresholds: ROI_HEADS.IOU_THRESHOLDS,
        labels: ROI_HEADS.IOU_LABELS.map(matchLabel),
      }),
      proposalAppendGt: ROI_HEADS.PROPOSAL_APPEND_GT,
    };
  }

  /** Losses of labelled proposals, all branches; `targets` is the ground truth that they were matched with. */
  protected abstract losses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
    targets: readonly Instances<TargetFields>[],
  ): Promise<Losses>;

  /** Detections of the box branch alone. */
  protected abstract detect(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]>;

  /** See {@link ROIHeads}. */
  abstract forwardWithGivenBoxes<Fields extends GivenBoxFields>(
    features: Features,
    instances: readonly Instances<Fields>[],
  ): Promise<Instances<Fields & LaterFields>[]>;

  /** See {@link ROIHeads}. */
  detectBoxes(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]> {
    return this.detect(features, proposals);
  }

  /** @throws {@link MissingGroundTruthError} in training without targets. */
  async forward(
    _images: ImageList,
    features: Features,
    proposals: readonly Proposals[],
    targets?: readonly Instances<TargetFields>[],
  ): Promise<ROIHeadsOutput> {
    if (this.training) {
      if (targets === undefined) throw new MissingGroundTruthError("targets");
      const sampled = this.labelAndSampleProposals(proposals, targets);
      return [[], await this.losses(features, sampled, targets)];
    }
    // The branches read the same features, each in a graph of its own.
    for (const feature of pickFeatures(features, this.inFeatures)) feature.keep();
    const instances = await this.detect(features, proposals);
    return [await this.forwardWithGivenBoxes(features, instances), {}];
  }

  /**
   * Matches proposals with ground truth and takes a random sample to train on: foreground first, then background. Each
   * gets `gtClasses` and, if the image has ground truth, all `gt` fields of the one it was matched with. How many of
   * each there are, on average over the images, goes to the current event storage.
   *
   * @throws {@link CountMismatchError} unless there are targets for each image.
   */
  labelAndSampleProposals(
    proposals: readonly Proposals[],
    targets: readonly Instances<TargetFields>[],
  ): Instances<LabeledProposalFields>[] {
    if (targets.length !== proposals.length) {
      throw new CountMismatchError("targets", targets.length, proposals.length);
    }
    const counts = { foreground: 0, background: 0 };
    const allCandidates = this.proposalAppendGt
      ? addGroundTruthToProposals(targets, proposals)
      : proposals;
    const sampled = allCandidates.map((candidates, i) => {
      const { rows, matches, classes, numForeground } = this.#sample(candidates, targets[i]);
      counts.foreground += numForeground;
      counts.background += rows.length - numForeground;
      const selected = candidates.select(rows).set("gtClasses", ndarray(classes));
      return targets[i].gtBoxes.length > 0
        ? copyGroundTruth(selected, targets[i].select(matches))
        : selected;
    });
    if (hasEventStorage()) {
      getEventStorage().putScalars({
        "roi_head/num_fg_samples": counts.foreground / proposals.length,
        "roi_head/num_bg_samples": counts.background / proposals.length,
      });
    }
    return sampled;
  }

  #sample(
    { proposalBoxes }: Instances<RegionFields>,
    { gtBoxes, gtClasses }: Instances<TargetFields>,
  ) {
    const matched = this.proposalMatcher.match(pairwiseIou(gtBoxes, proposalBoxes));
    const classes = matchedClasses(matched, gtClasses, this.numClasses);
    const { positive, negative } = subsampleLabels(classes, {
      numSamples: this.batchSizePerImage,
      positiveFraction: this.positiveFraction,
      backgroundLabel: this.numClasses,
      generator: this.generator,
    });
    const rows = Int32Array.from([...positive, ...negative]);
    return {
      rows,
      matches: rows.map((row) => matched.matches[row]),
      classes: rows.map((row) => classes[row]),
      numForeground: positive.length,
    };
  }
}

/** Adds the ground truth's `gt` fields that are not there yet, such as `gtBoxes`. */
function copyGroundTruth(
  proposals: Instances<LabeledProposalFields>,
  matched: Instances<TargetFields>,
): Instances<LabeledProposalFields> {
  const fields: AnyFields = { ...matched.fields() };
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith("gt") && value !== undefined && !proposals.has(name)) {
      proposals.set(name, value);
    }
  }
  return proposals;
}

function matchLabel(label: number): MatchLabel {
  if (label === -1 || label === 0 || label === 1) return label;
  throw new OptionError("MODEL.ROI_HEADS.IOU_LABELS", label, "-1, 0 or 1");
}
