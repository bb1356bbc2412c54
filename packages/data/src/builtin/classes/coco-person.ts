/** COCO's 17 keypoints of a person. */
export const COCO_PERSON_KEYPOINT_NAMES: readonly string[] = [
  "nose",
  "left_eye",
  "right_eye",
  "left_ear",
  "right_ear",
  "left_shoulder",
  "right_shoulder",
  "left_elbow",
  "right_elbow",
  "left_wrist",
  "right_wrist",
  "left_hip",
  "right_hip",
  "left_knee",
  "right_knee",
  "left_ankle",
  "right_ankle",
];

/** Keypoints that change places in a mirror. */
export const COCO_PERSON_KEYPOINT_FLIP_MAP: readonly (readonly [string, string])[] = [
  ["left_eye", "right_eye"],
  ["left_ear", "right_ear"],
  ["left_shoulder", "right_shoulder"],
  ["left_elbow", "right_elbow"],
  ["left_wrist", "right_wrist"],
  ["left_hip", "right_hip"],
  ["left_knee", "right_knee"],
  ["left_ankle", "right_ankle"],
];

/** The lines of a person's skeleton with their colors: face, upper body, lower body. */
export const KEYPOINT_CONNECTION_RULES: readonly (readonly [
  string,
  string,
  readonly [number, number, number],
])[] = [
  ["left_ear", "left_eye", [102, 204, 255]],
  ["right_ear", "right_eye", [51, 153, 255]],
  ["left_eye", "nose", [102, 0, 204]],
  ["nose", "right_eye", [51, 102, 255]],
  ["left_shoulder", "right_shoulder", [255, 128, 0]],
  ["left_shoulder", "left_elbow", [153, 255, 204]],
  ["right_shoulder", "right_elbow", [128, 229, 255]],
  ["left_elbow", "left_wrist", [153, 255, 153]],
  ["right_elbow", "right_wrist", [102, 255, 224]],
  ["left_hip", "right_hip", [255, 102, 0]],
  ["left_hip", "left_knee", [255, 255, 77]],
  ["right_hip", "right_knee", [153, 255, 204]],
  ["left_knee", "left_ankle", [191, 255, 128]],
  ["right_knee", "right_ankle", [255, 195, 77]],
];
