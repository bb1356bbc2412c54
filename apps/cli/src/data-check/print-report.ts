import { countText, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import type {
  ConfigReport,
  DataCheck,
  DatasetReport,
  Problem,
  ProblemExample,
} from "./check-datasets.ts";
import { QUANTILES } from "./dataset-statistics.ts";

/** Classes that are listed, those with the most objects. */
const SHOWN_CLASSES = 40;

/** Width of the longest bar, in characters. */
const BAR_WIDTH = 30;

/** Prints what was found out, dataset by dataset, problems before statistics. */
export function printReport({ datasets, config }: DataCheck, terminal: Terminal): void {
  for (const dataset of datasets) {
    printHeader(dataset, terminal);
    printProblems(dataset.problems, terminal);
    printClasses(dataset, terminal);
    printSizes(dataset, terminal);
  }
  if (config) printConfig(config, terminal);
}

function printHeader(dataset: DatasetReport, terminal: Terminal): void {
  const { name, images, imagesRead, objects, crowds, imagesWithoutObjects } = dataset;
  const { mean, max } = dataset.objectsPerImage;
  terminal.print(terminal.colors.bold(name));
  terminal.print(
    `  ${countText(images, "image")}, ${imagesWithoutObjects} without objects; pixels of ${imagesRead} were read`,
  );
  const crowdText = crowds === 0 ? "" : ` and ${countText(crowds, "crowd")}`;
  terminal.print(
    `  ${countText(objects, "object")}${crowdText}, ${mean.toFixed(1)} in an image on average, ${max} at most`,
  );
}

function printProblems(problems: readonly Problem[], terminal: Terminal): void {
  const { green, red, yellow } = terminal.colors;
  terminal.print();
  if (problems.length === 0) terminal.print(`  ${green("No problems found.")}`);
  for (const { severity, message, count, examples } of problems) {
    const label = severity === "error" ? red("error:") : yellow("warning:");
    const times = examples.length === 0 ? "" : ` (${countText(count, "case")})`;
    terminal.print(`  ${label} ${message}${times}`);
    for (const example of examples) terminal.print(`    ${exampleText(example)}`);
    const more = count - examples.length;
    if (examples.length > 0 && more > 0) terminal.print(`    … and ${more} more`);
  }
}

/** `images/a.jpg, annotation 17: bbox [10, 10, 0, 30], image 480 × 640 (height × width)`. */
function exampleText({ fileName, annotationId, bbox, imageSize }: ProblemExample): string {
  const where = annotationId === undefined ? fileName : `${fileName}, annotation ${annotationId}`;
  const values = [
    ...(bbox ? [`bbox [${bbox.map(shortNumber).join(", ")}]`] : []),
    ...(imageSize ? [`image ${imageSize.height} × ${imageSize.width} (height × width)`] : []),
  ];
  return values.length === 0 ? where : `${where}: ${values.join(", ")}`;
}

function printClasses({ classes, objects }: DatasetReport, terminal: Terminal): void {
  const { cyan, dim } = terminal.colors;
  const sorted = classes.toSorted((a, b) => b.objects - a.objects);
  const most = Math.max(1, sorted[0]?.objects ?? 0);
  const shown = sorted.slice(0, SHOWN_CLASSES);
  const rows = shown.map(({ name, objects: count }) => [
    name,
    String(count),
    `${((100 * count) / Math.max(1, objects)).toFixed(1)} %`,
    "█".repeat(Math.ceil((BAR_WIDTH * count) / most)),
  ]);
  terminal.print();
  terminal.print(`  ${dim(`Objects of ${countText(classes.length, "class")}`)}`);
  for (const line of formatTable(rows, [false, true, true])) {
    terminal.print(`  ${line.replace(/█+/, (bar) => cyan(bar))}`);
  }
  if (sorted.length > shown.length) {
    terminal.print(`  … and ${countText(sorted.length - shown.length, "class")} with fewer`);
  }
}

function printSizes(dataset: DatasetReport, terminal: Terminal): void {
  const { small, medium, large } = dataset.sizes;
  const rows = [
    ...quantileRow("box size (√ of area)", dataset.boxSize),
    ...quantileRow("box height / width", dataset.boxAspectRatio),
    ...quantileRow("image height", dataset.imageHeight),
    ...quantileRow("image width", dataset.imageWidth),
  ];
  if (rows.length === 0) return;
  const header = ["", ...QUANTILES.map(quantileTitle)];
  const [title, ...lines] = formatTable([header, ...rows], [false, ...QUANTILES.map(() => true)]);
  terminal.print();
  terminal.print(`  ${terminal.colors.dim(title)}`);
  for (const line of lines) terminal.print(`  ${line}`);
  terminal.print(
    `  By COCO's sizes ${small} objects are small (below 32²), ${medium} medium, ${large} large (from 96²).`,
  );
  terminal.print();
}

function printConfig(config: ConfigReport, terminal: Terminal): void {
  const { numClasses, imsPerBatch, baseLr, suggestedBaseLr } = config;
  if (numClasses !== undefined) terminal.print(`The model has ${countText(numClasses, "class")}.`);
  terminal.print(
    `For batches of ${countText(imsPerBatch, "image")} the linear rule gives SOLVER.BASE_LR ` +
      `${shortNumber(suggestedBaseLr)}; it is ${shortNumber(baseLr)}.`,
  );
}

/** A row of a table, unless there are no values. */
function quantileRow(title: string, values: readonly number[]): string[][] {
  return values.length === 0 ? [] : [[title, ...values.map(shortNumber)]];
}

function quantileTitle(share: number): string {
  if (share === 0) return "least";
  if (share === 1) return "greatest";
  return share === 0.5 ? "median" : `${100 * share} %`;
}

/** Four digits are enough to find something again. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
