/** COCO's 80 classes of things, in detectron2's order. */
// prettier-ignore
const COCO: readonly string[] = [
  "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
  "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
  "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
  "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
  "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
  "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
  "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
  "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
  "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
  "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
];

/** Pascal VOC's 20 classes, in detectron2's order. */
// prettier-ignore
const PASCAL_VOC: readonly string[] = [
  "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
  "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
  "tvmonitor",
];

/** The 8 classes of Cityscapes that come as instances, in detectron2's order. */
const CITYSCAPES: readonly string[] = [
  "person",
  "rider",
  "car",
  "truck",
  "bus",
  "train",
  "motorcycle",
  "bicycle",
];

/** Class names by the beginning of a dataset's name. */
const CLASSES: readonly (readonly [prefix: string, classes: readonly string[]])[] = [
  ["coco_", COCO],
  ["keypoints_coco_", ["person"]],
  ["voc_", PASCAL_VOC],
  ["cityscapes_fine_instance_", CITYSCAPES],
];

/** The class names of one of detectron2's built-in datasets, such as `coco_2017_val`; undefined for other names. */
export function datasetClasses(dataset: string | undefined): readonly string[] | undefined {
  return CLASSES.find(([prefix]) => dataset?.startsWith(prefix))?.[1];
}
