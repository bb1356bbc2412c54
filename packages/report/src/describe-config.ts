import { parse } from "yaml";

/** What a config says about a training, in words: what to compare first when two trainings differ. */
export interface ConfigDescription {
  /** "Mask R-CNN, ResNet-50-FPN". */
  readonly model: string | undefined;
  /** The iterations that the training is to have. */
  readonly maxIter: number | undefined;
  readonly settings: readonly { readonly name: string; readonly value: string }[];
}

/** Describes a detectron2 config; what it doesn't have is left out, and of a text that is no YAML there is nothing to say. */
export function describeConfig(yaml: string): ConfigDescription {
  let root: unknown;
  try {
    root = parse(yaml);
  } catch {
    root = undefined;
  }
  const cfg = new Settings(root);
  const weights = cfg.text("MODEL.WEIGHTS");
  const seed = cfg.number("SEED");
  const batch = cfg.text("SOLVER.IMS_PER_BATCH");
  const settings = [
    { name: "Started from", value: weights === "" ? "random weights" : (weights ?? "") },
    { name: "Trained on", value: cfg.text("DATASETS.TRAIN") ?? "" },
    { name: "Evaluated on", value: cfg.text("DATASETS.TEST") ?? "" },
    { name: "Classes", value: cfg.text("MODEL.ROI_HEADS.NUM_CLASSES") ?? "" },
    { name: "Batch", value: batch === undefined ? "" : `${batch} images` },
    { name: "Learning rate", value: learningRate(cfg) },
    { name: "Image size", value: cfg.text("INPUT.MIN_SIZE_TRAIN") ?? "" },
    { name: "Seed", value: seed === undefined || seed < 0 ? "" : String(seed) },
  ];
  return {
    model: modelName(cfg),
    maxIter: cfg.number("SOLVER.MAX_ITER"),
    settings: settings.filter(({ value }) => value !== ""),
  };
}

/** Looks up values of a config by their dotted names. */
class Settings {
  readonly #root: unknown;

  constructor(root: unknown) {
    this.#root = root;
  }

  value(key: string): unknown {
    let node = this.#root;
    for (const part of key.split(".")) {
      node = node instanceof Object ? Reflect.get(node, part) : undefined;
    }
    return node;
  }

  number(key: string): number | undefined {
    const value = this.value(key);
    return typeof value === "number" ? value : undefined;
  }

  /** A list's entries are separated by commas; of one entry, only that; undefined for what isn't there. */
  text(key: string): string | undefined {
    const value = this.value(key);
    // A tuple that detectron2 dumps is a text: "('coco_train',)".
    if (typeof value === "string") return value.replace(/^\((.*?),?\)$/, "$1").replaceAll("'", "");
    if (typeof value === "number") return String(value);
    return Array.isArray(value) ? value.join(", ") : undefined;
  }
}

function learningRate(cfg: Settings): string {
  const base = cfg.text("SOLVER.BASE_LR");
  if (base === undefined) return "";
  const steps = cfg.text("SOLVER.STEPS") ?? "";
  const name = cfg.text("SOLVER.LR_SCHEDULER_NAME") ?? "";
  if (name.includes("MultiStep") && steps !== "") {
    return `${base}, × ${cfg.text("SOLVER.GAMMA") ?? "?"} at ${steps}`;
  }
  return name === "" ? base : `${base}, ${name}`;
}

/** The names that papers and the model zoo call models by. */
function modelName(cfg: Settings): string | undefined {
  const architecture = cfg.text("MODEL.META_ARCHITECTURE");
  if (architecture === undefined) return undefined;
  const detector = architecture === "GeneralizedRCNN" ? rcnnName(cfg) : architecture;
  const backbone = backboneName(cfg);
  return backbone === undefined ? detector : `${detector}, ${backbone}`;
}

function rcnnName(cfg: Settings): string {
  const cascade = cfg.text("MODEL.ROI_HEADS.NAME")?.includes("Cascade") === true ? "Cascade " : "";
  if (cfg.value("MODEL.MASK_ON") === true) return `${cascade}Mask R-CNN`;
  if (cfg.value("MODEL.KEYPOINT_ON") === true) return `${cascade}Keypoint R-CNN`;
  return `${cascade}${cascade === "" ? "Faster " : ""}R-CNN`;
}

function backboneName(cfg: Settings): string | undefined {
  const name = cfg.text("MODEL.BACKBONE.NAME");
  const depth = cfg.text("MODEL.RESNETS.DEPTH");
  if (name === undefined || !name.includes("resnet") || depth === undefined) return name;
  if (name.includes("fpn")) return `ResNet-${depth}-FPN`;
  return cfg.text("MODEL.ROI_HEADS.NAME") === "Res5ROIHeads"
    ? `ResNet-${depth}-C4`
    : `ResNet-${depth}`;
}
