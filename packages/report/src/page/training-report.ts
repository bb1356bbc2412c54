import { writeFileAtomically } from "@detectron-ts/atomic-file";

import { Markup, markup } from "../html.ts";
import type { TrainingRun } from "../run.ts";
import {
  diagnosticSection,
  lossSection,
  precisionCharts,
  scheduleSection,
  type Section,
} from "./curves.ts";
import { resultTables } from "./results.ts";
import { sampleGrid, type SampleImage } from "./samples.ts";
import { TOOLTIP_SCRIPT } from "./script.ts";
import { STYLES } from "./styles.ts";
import { modelNames, settingsTable, summary, warnings } from "./summary.ts";

/** What a report shows. */
export interface TrainingReportOptions {
  /** One training, or several to compare: each chart then has a curve of every run. */
  readonly runs: readonly TrainingRun[];
  /** The page's heading; the runs' names when left out. */
  readonly title?: string;
  /** Pictures of predictions, or whatever else says how well it went. */
  readonly samples?: readonly SampleImage[];
  /** When the report was made; now when left out. */
  readonly createdAt?: Date;
}

/**
 * Renders trainings as an HTML page that stands on its own: it loads nothing, looks the same from a disk and from a server,
 * follows the reader's light or dark mode, and can be printed. Scripts only add tooltips.
 *
 * Everything that was given is text: names, captions and configs are escaped.
 *
 * @returns The text of the HTML document.
 * @throws SampleImageError.
 */
export function renderTrainingReport(options: TrainingReportOptions): string {
  const { runs, samples = [], createdAt = new Date() } = options;
  const title = options.title ?? runs.map(({ name }) => name).join(" · ");
  const sections = [
    lossSection(runs),
    precisionSection(runs),
    samples.length > 0 && { id: "predictions", title: "Predictions", content: sampleGrid(samples) },
    scheduleSection(runs),
    diagnosticSection(runs),
    configSection(runs),
  ].filter((section): section is Section => typeof section === "object");
  const recordsAnything = runs.some(({ metrics }) => metrics.names.length > 0);

  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLES)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${[modelNames(runs), `report of ${timestamp(createdAt)}`].filter(Boolean).join(" · ")}</p>
${runs.length > 0 && summary(runs)}
${warnings(runs)}
${!recordsAnything && markup`<p>No metrics are recorded yet.</p>`}
<nav>${sections.map(({ id, title: name }) => markup`<a href="#${id}">${name}</a>`)}</nav>
</header>
<main>
${sections.map(({ id, title: name, content }) => markup`<section id="${id}"><h2>${name}</h2>\n${content}\n</section>\n`)}
</main>
<footer>Made by detectron-ts.</footer>
<script>${new Markup(TOOLTIP_SCRIPT)}</script>
</body>
</html>
`.text;
}

/**
 * Writes {@link renderTrainingReport}'s page to a file, whose folder is made if need be. The file is complete whenever it is
 * there: it is written under another name and renamed, so that a page can be reloaded while training goes on.
 *
 * @throws SampleImageError; an error of the file system.
 */
export async function writeTrainingReport(
  path: string,
  options: TrainingReportOptions,
): Promise<void> {
  const page = renderTrainingReport(options);
  await writeFileAtomically(path, page, { makeFolder: true });
}

function precisionSection(runs: readonly TrainingRun[]): Section | undefined {
  const tables = resultTables(runs);
  const charts = precisionCharts(runs);
  if (tables === undefined && charts === undefined) return undefined;
  return { id: "precision", title: "Average precision", content: markup`${tables}${charts}` };
}

function configSection(runs: readonly TrainingRun[]): Section | undefined {
  const configs = runs.filter(({ config }) => config !== undefined);
  if (configs.length === 0) return undefined;
  return {
    id: "config",
    title: "Config",
    content: markup`${settingsTable(runs)}${configs.map(
      ({ name, config }) =>
        markup`<details><summary>${runs.length > 1 ? `${name}: config.yaml` : "config.yaml"}</summary><pre>${config}</pre></details>\n`,
    )}`,
  };
}

/** "2026-05-04 13:37 UTC". */
const timestamp = (date: Date): string =>
  `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
