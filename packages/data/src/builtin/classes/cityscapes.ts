/** A label of Cityscapes. */
export interface CityscapesLabel {
  readonly name: string;
  /** The value of its pixels in `labelIds` images; negative for what is in no image. */
  readonly id: number;
  /** The value of its pixels in `labelTrainIds` images; 255, or −1, for what is not trained on. */
  readonly trainId: number;
  /** The group that it belongs to. */
  readonly category: string;
  /** Whether its objects are told apart. */
  readonly hasInstances: boolean;
  /** Whether pixels of it count for nothing. */
  readonly ignoreInEval: boolean;
  readonly color: readonly [red: number, green: number, blue: number];
}

type Row = readonly [
  name: string,
  id: number,
  trainId: number,
  category: string,
  hasInstances: boolean,
  ignoreInEval: boolean,
  color: readonly [red: number, green: number, blue: number],
];

const ROWS: readonly Row[] = [
  ["unlabeled", 0, 255, "void", false, true, [0, 0, 0]],
  ["ego vehicle", 1, 255, "void", false, true, [0, 0, 0]],
  ["rectification border", 2, 255, "void", false, true, [0, 0, 0]],
  ["out of roi", 3, 255, "void", false, true, [0, 0, 0]],
  ["static", 4, 255, "void", false, true, [0, 0, 0]],
  ["dynamic", 5, 255, "void", false, true, [111, 74, 0]],
  ["ground", 6, 255, "void", false, true, [81, 0, 81]],
  ["road", 7, 0, "flat", false, false, [128, 64, 128]],
  ["sidewalk", 8, 1, "flat", false, false, [244, 35, 232]],
  ["parking", 9, 255, "flat", false, true, [250, 170, 160]],
  ["rail track", 10, 255, "flat", false, true, [230, 150, 140]],
  ["building", 11, 2, "construction", false, false, [70, 70, 70]],
  ["wall", 12, 3, "construction", false, false, [102, 102, 156]],
  ["fence", 13, 4, "construction", false, false, [190, 153, 153]],
  ["guard rail", 14, 255, "construction", false, true, [180, 165, 180]],
  ["bridge", 15, 255, "construction", false, true, [150, 100, 100]],
  ["tunnel", 16, 255, "construction", false, true, [150, 120, 90]],
  ["pole", 17, 5, "object", false, false, [153, 153, 153]],
  ["polegroup", 18, 255, "object", false, true, [153, 153, 153]],
  ["traffic light", 19, 6, "object", false, false, [250, 170, 30]],
  ["traffic sign", 20, 7, "object", false, false, [220, 220, 0]],
  ["vegetation", 21, 8, "nature", false, false, [107, 142, 35]],
  ["terrain", 22, 9, "nature", false, false, [152, 251, 152]],
  ["sky", 23, 10, "sky", false, false, [70, 130, 180]],
  ["person", 24, 11, "human", true, false, [220, 20, 60]],
  ["rider", 25, 12, "human", true, false, [255, 0, 0]],
  ["car", 26, 13, "vehicle", true, false, [0, 0, 142]],
  ["truck", 27, 14, "vehicle", true, false, [0, 0, 70]],
  ["bus", 28, 15, "vehicle", true, false, [0, 60, 100]],
  ["caravan", 29, 255, "vehicle", true, true, [0, 0, 90]],
  ["trailer", 30, 255, "vehicle", true, true, [0, 0, 110]],
  ["train", 31, 16, "vehicle", true, false, [0, 80, 100]],
  ["motorcycle", 32, 17, "vehicle", true, false, [0, 0, 230]],
  ["bicycle", 33, 18, "vehicle", true, false, [119, 11, 32]],
  ["license plate", -1, -1, "vehicle", false, true, [0, 0, 142]],
];

/** All labels of Cityscapes, as its own scripts list them. */
export const CITYSCAPES_LABELS: readonly CityscapesLabel[] = ROWS.map(
  ([name, id, trainId, category, hasInstances, ignoreInEval, color]) => ({
    name,
    id,
    trainId,
    category,
    hasInstances,
    ignoreInEval,
    color,
  }),
);

/** The 19 labels that are evaluated, in the order of their train ids: the classes of a semantic segmentation. */
export const CITYSCAPES_STUFF_LABELS: readonly CityscapesLabel[] = CITYSCAPES_LABELS.filter(
  ({ ignoreInEval }) => !ignoreInEval,
);

/** The 8 labels whose objects are found: the classes of an instance segmentation. */
export const CITYSCAPES_THING_LABELS: readonly CityscapesLabel[] = CITYSCAPES_STUFF_LABELS.filter(
  ({ hasInstances }) => hasInstances,
);
