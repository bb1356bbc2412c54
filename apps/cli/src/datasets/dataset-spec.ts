/** How a dataset on disk is laid out, as `--dataset` says it. */
export type DatasetSource =
  | {
      readonly format: "coco";
      /** The file with the annotations. */
      readonly annotations: string;
      /** The folder that the file's names of images start from; not needed where no image is read. */
      readonly images?: string;
    }
  | {
      readonly format: "voc";
      /** The folder with Annotations, ImageSets and JPEGImages. */
      readonly root: string;
      /** Name of a list in ImageSets/Main. */
      readonly split: string;
      /** Names of the classes in the model's order; Pascal VOC's twenty when left out. */
      readonly classes?: readonly string[];
    }
  | {
      readonly format: "penn-fudan";
      /** The folder with PNGImages and PedMasks. */
      readonly root: string;
      /** Name of the one class; `person` when left out. */
      readonly className?: string;
    };

/** A dataset, and the name that configs know it by. */
export interface DatasetSpec {
  readonly name: string;
  readonly source: DatasetSource;
}

/** The forms that `--dataset` takes. */
export const DATASET_FORMS = [
  { form: "NAME=ANNOTATIONS.json,IMAGE_DIR", meaning: "a file in COCO's format and its images" },
  { form: "NAME=voc:ROOT,SPLIT[,CLASS,CLASS…]", meaning: "a folder in Pascal VOC's layout" },
  { form: "NAME=penn-fudan:ROOT[,CLASS]", meaning: "a folder with PNGImages and PedMasks" },
] as const;

/**
 * Reads what stands behind `--dataset`; undefined when it has none of the {@link DATASET_FORMS}.
 *
 * The comma between a COCO file and its folder is the only one, or the one behind `.json` where paths have commas too.
 */
export function parseDatasetSpec(text: string): DatasetSpec | undefined {
  const [, name, location] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined) return undefined;
  const [, prefix = "", rest] = /^(voc:|penn-fudan:)?(.*)$/s.exec(location) ?? [];
  const source = READERS[prefix](rest);
  return source && { name, source };
}

const READERS: Readonly<Record<string, (text: string) => DatasetSource | undefined>> = {
  "": (text) => {
    const behindJson = /^(.*?\.json),(.+)$/is.exec(text);
    const onlyComma = /^([^,]+),([^,]+)$/s.exec(text);
    const [, annotations, images] = behindJson ?? onlyComma ?? [];
    return annotations === undefined ? undefined : { format: "coco", annotations, images };
  },
  "voc:": (text) => {
    const [root, split, ...classes] = fields(text);
    if (!root || !split || classes.includes("")) return undefined;
    return { format: "voc", root, split, ...(classes.length > 0 && { classes }) };
  },
  "penn-fudan:": (text) => {
    const [root, className, ...more] = fields(text);
    if (!root || className === "" || more.length > 0) return undefined;
    return { format: "penn-fudan", root, ...(className !== undefined && { className }) };
  },
};

function fields(text: string): string[] {
  return text.split(",").map((field) => field.trim());
}
