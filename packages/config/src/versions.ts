import { VersionError } from "./errors.ts";
import { evaluate } from "./coerce.ts";
import { type Literal, int, sequence } from "./literal.ts";
import { type Entry, Node } from "./node.ts";
import type { Tree } from "./tree.ts";
import { warn } from "./warn.ts";

/** The version of the defaults and of every config that is written today. */
export const LATEST_VERSION = 2;

/** How a complete config changes, in place, between version `n - 1` and version `n`. Its VERSION is set elsewhere. */
interface Converter {
  readonly renames: readonly (readonly [oldKey: string, newKey: string])[];
  readonly upgrade?: (config: Node) => void;
  readonly downgrade?: (config: Node) => void;
}

const toVersion1: Converter = {
  renames: [["MODEL.RPN_HEAD.NAME", "MODEL.RPN.HEAD_NAME"]],
};

const toVersion2: Converter = {
  renames: [
    ["MODEL.WEIGHT", "MODEL.WEIGHTS"],
    ["MODEL.PANOPTIC_FPN.SEMANTIC_LOSS_SCALE", "MODEL.SEM_SEG_HEAD.LOSS_WEIGHT"],
    ["MODEL.PANOPTIC_FPN.RPN_LOSS_SCALE", "MODEL.RPN.LOSS_WEIGHT"],
    ["MODEL.PANOPTIC_FPN.INSTANCE_LOSS_SCALE", "MODEL.PANOPTIC_FPN.INSTANCE_LOSS_WEIGHT"],
    ["MODEL.PANOPTIC_FPN.COMBINE_ON", "MODEL.PANOPTIC_FPN.COMBINE.ENABLED"],
    ["MODEL.PANOPTIC_FPN.COMBINE_OVERLAP_THRESHOLD", "MODEL.PANOPTIC_FPN.COMBINE.OVERLAP_THRESH"],
    ["MODEL.PANOPTIC_FPN.COMBINE_STUFF_AREA_LIMIT", "MODEL.PANOPTIC_FPN.COMBINE.STUFF_AREA_LIMIT"],
    [
      "MODEL.PANOPTIC_FPN.COMBINE_INSTANCES_CONFIDENCE_THRESHOLD",
      "MODEL.PANOPTIC_FPN.COMBINE.INSTANCES_CONFIDENCE_THRESH",
    ],
    ["MODEL.ROI_HEADS.SCORE_THRESH", "MODEL.ROI_HEADS.SCORE_THRESH_TEST"],
    ["MODEL.ROI_HEADS.NMS", "MODEL.ROI_HEADS.NMS_THRESH_TEST"],
    ["MODEL.RETINANET.INFERENCE_SCORE_THRESHOLD", "MODEL.RETINANET.SCORE_THRESH_TEST"],
    ["MODEL.RETINANET.INFERENCE_TOPK_CANDIDATES", "MODEL.RETINANET.TOPK_CANDIDATES_TEST"],
    ["MODEL.RETINANET.INFERENCE_NMS_THRESHOLD", "MODEL.RETINANET.NMS_THRESH_TEST"],
    ["TEST.DETECTIONS_PER_IMG", "TEST.DETECTIONS_PER_IMAGE"],
    ["TEST.AUG_ON", "TEST.AUG.ENABLED"],
    ["TEST.AUG_MIN_SIZES", "TEST.AUG.MIN_SIZES"],
    ["TEST.AUG_MAX_SIZE", "TEST.AUG.MAX_SIZE"],
    ["TEST.AUG_FLIP", "TEST.AUG.FLIP"],
  ],
  // Version 1 kept anchors with the head that used them, version 2 has one generator for either.
  upgrade(config) {
    const isRetinaNet = valueAt(config, "MODEL.META_ARCHITECTURE").value === "RetinaNet";
    const [used, unused] = isRetinaNet ? ["RETINANET", "RPN"] : ["RPN", "RETINANET"];
    for (const what of ["SIZES", "ASPECT_RATIOS"]) {
      rename(config, `MODEL.${used}.ANCHOR_${what}`, `MODEL.ANCHOR_GENERATOR.${what}`);
      removeAt(config, `MODEL.${unused}.ANCHOR_${what}`);
    }
    removeAt(config, "MODEL.RETINANET.ANCHOR_STRIDES");
  },
  downgrade(config) {
    for (const what of ["SIZES", "ASPECT_RATIOS"]) {
      rename(config, `MODEL.ANCHOR_GENERATOR.${what}`, `MODEL.RPN.ANCHOR_${what}`);
      put(config, `MODEL.RETINANET.ANCHOR_${what}`, valueAt(config, `MODEL.RPN.ANCHOR_${what}`));
    }
    // No version ever read it, but version 1 files may set it.
    put(config, "MODEL.RETINANET.ANCHOR_STRIDES", sequence("list", []));
  },
};

/** The converter at index `n` leads from version `n` to `n + 1`. */
const converters: readonly Converter[] = [toVersion1, toVersion2];

/** @throws VersionError when the config is newer than `toVersion`, or `toVersion` is unknown. */
export function upgradeNode(config: Node, toVersion: number): Node {
  const from = versionOf(config);
  if (toVersion < from || toVersion > LATEST_VERSION) {
    throw new VersionError(`Cannot upgrade from v${from} to v${toVersion}`, from, toVersion);
  }
  return converted(config, toVersion, (copy) => {
    for (const { renames, upgrade } of converters.slice(from, toVersion)) {
      for (const [oldKey, newKey] of renames) rename(copy, oldKey, newKey);
      upgrade?.(copy);
    }
  });
}

/** @throws VersionError when the config is older than `toVersion`, or `toVersion` is unknown. */
export function downgradeNode(config: Node, toVersion: number): Node {
  const from = versionOf(config);
  if (toVersion > from || toVersion < 0) {
    throw new VersionError(`Cannot downgrade from v${from} to v${toVersion}`, from, toVersion);
  }
  return converted(config, toVersion, (copy) => {
    for (const { renames, downgrade } of converters.slice(toVersion, from).reverse()) {
      for (const [oldKey, newKey] of renames.toReversed()) rename(copy, newKey, oldKey);
      downgrade?.(copy);
    }
  });
}

/** A copy of a config with a change and another VERSION, frozen if the config is. */
function converted(config: Node, version: number, change: (copy: Node) => void): Node {
  const copy = config.copy(config.path);
  copy.forEach((node) => (node.frozen = false));
  change(copy);
  put(copy, "VERSION", int(version));
  copy.forEach((node) => (node.frozen = config.frozen));
  return copy;
}

/**
 * Merges a file's tree into a config of the latest version. A file of an older version meets the config converted down to
 * that version, and both are converted up again. A config without VERSION isn't detectron2's and is merged as it is.
 *
 * @returns The merged config: `config` itself, or a new one after a conversion.
 */
export function mergeVersioned(config: Node, tree: Tree, file: string): Node {
  if (!config.entries.has("VERSION")) {
    config.merge(tree, evaluate);
    return config;
  }
  const current = versionOf(config);
  if (current !== LATEST_VERSION) {
    const message = `mergeFromFile needs a config of the latest version ${LATEST_VERSION}, not ${current}`;
    throw new VersionError(message, current, LATEST_VERSION);
  }
  const version = fileVersion(tree, file);
  if (version === LATEST_VERSION) {
    config.merge(tree, evaluate);
    return config;
  }
  warn(`Loading an old v${version} config file ${file} by upgrading it to v${LATEST_VERSION}`);
  const old = downgradeNode(config, version);
  old.merge(tree, evaluate);
  return upgradeNode(old, LATEST_VERSION);
}

/** The file's own VERSION, else the one its keys give away: `MODEL.WEIGHT` and `TEST.AUG_ON` existed in version 1 only. */
function fileVersion(tree: Tree, file: string): number {
  const declared = tree.get("VERSION");
  if (declared === undefined) {
    const isOld = hasKey(tree, "MODEL", "WEIGHT") || hasKey(tree, "TEST", "AUG_ON");
    return isOld ? 1 : LATEST_VERSION;
  }
  const version = declared instanceof Map ? declared : evaluate(declared).value;
  if (typeof version === "number" && converters[version] !== undefined) return version;
  if (version === LATEST_VERSION) return version;
  const message = `Cannot merge ${file} of version ${String(version)} into a v${LATEST_VERSION} config`;
  throw new VersionError(message, version, LATEST_VERSION);
}

function hasKey(tree: Tree, section: string, key: string): boolean {
  const node = tree.get(section);
  return node instanceof Map && node.has(key);
}

function versionOf(config: Node): number {
  const version = config.entries.get("VERSION");
  if (version && !(version instanceof Node) && typeof version.value === "number") {
    return version.value;
  }
  throw new VersionError("The config has no VERSION number", undefined, LATEST_VERSION);
}

/** Moves a value; sections on the way are made where they are missing, and removed where they become empty. */
function rename(config: Node, from: string, to: string): void {
  put(config, to, valueAt(config, from));
  removeAt(config, from);
}

function put(config: Node, key: string, entry: Literal): void {
  const names = key.split(".");
  const last = names.pop() ?? key;
  let node = config;
  for (const name of names) {
    let next: Entry | undefined = node.entries.get(name);
    if (!(next instanceof Node)) {
      next = new Node(node.keyOf(name));
      node.entries.set(name, next);
    }
    node = next;
  }
  node.entries.set(last, entry);
}

function valueAt(config: Node, key: string): Literal {
  const entry = config.find(key);
  if (entry === undefined || entry instanceof Node) throw config.unknown(key);
  return entry;
}

function removeAt(config: Node, key: string): void {
  const { parent, name } = config.locate(key);
  parent.remove(name);
  if (parent.entries.size === 0 && parent !== config) removeAt(config, parent.path);
}
