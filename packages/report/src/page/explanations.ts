/** What detectron2's scalars mean, in a line below their curve. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  total_loss: "the sum of all losses",
  loss_rpn_cls: "proposals: is there an object at an anchor?",
  loss_rpn_loc: "proposals: where does it lie?",
  loss_cls: "heads: which class is it?",
  loss_box_reg: "heads: where exactly does its box lie?",
  loss_mask: "heads: which pixels belong to it?",
  loss_keypoint: "heads: where are its keypoints?",
  loss_sem_seg: "class of every pixel",
  "fast_rcnn/cls_accuracy": "of proposals, the share classified rightly",
  "fast_rcnn/fg_cls_accuracy": "of proposals on an object, the share classified rightly",
  "fast_rcnn/false_negative": "of proposals on an object, the share taken for background",
  "mask_rcnn/accuracy": "of pixels in masks, the share that is right",
  "mask_rcnn/false_positive": "of pixels beside the object, the share taken for it",
  "mask_rcnn/false_negative": "of the object's pixels, the share that is missed",
  "roi_head/num_fg_samples": "proposals on an object, per image",
  "roi_head/num_bg_samples": "proposals on background, per image",
  "rpn/num_pos_anchors": "anchors on an object, per image",
  "rpn/num_neg_anchors": "anchors on background, per image",
};

/** What a scalar means, where it is one of detectron2's. */
export function explanation(name: string): string | undefined {
  return EXPLANATIONS[name.replace(/_stage\d+$/, "")];
}
