import type { Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";

/** @throws {@link OptionError} for a config that asks for keypoints. */
export function refuseKeypoints(cfg: Config): void {
  if (cfg.MODEL.KEYPOINT_ON) {
    throw new OptionError("MODEL.KEYPOINT_ON", true, "false (keypoint heads are not there yet)");
  }
}
