import { line } from "d3-shape";

import { markup, type Markup } from "../html.ts";
import { smooth } from "../smoothing.ts";
import { Axis, type PlotArea } from "./frame.ts";
import { layOutLegend, type Legend } from "./legend.ts";
import { THEMES, type ChartTheme } from "./palette.ts";
import { textWidth } from "./text-width.ts";
import { thin, type ChartPoint } from "./thin.ts";

/** A line of a chart. */
export interface ChartSeries {
  /** What the legend calls it. */
  readonly name: string;
  /** In order of `x`; the line has a gap where `y` isn't finite. */
  readonly points: readonly ChartPoint[];
  /** Whether a smoothed line is drawn over a pale one of the values themselves. */
  readonly smooth?: boolean;
  /** Which of the theme's colours it has; its place among the series when left out. */
  readonly color?: number;
  /** Whether the line is dashed. */
  readonly dashed?: boolean;
}

/** Options of {@link lineChart}. */
export interface LineChartOptions {
  readonly series: readonly ChartSeries[];
  /** Drawn above the chart. */
  readonly title?: string;
  /** What screen readers say; the title, or the axes' labels, when left out. */
  readonly description?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** In pixels; 640 when left out. */
  readonly width?: number;
  /** In pixels; 360 when left out. */
  readonly height?: number;
  /** On a logarithmic axis, values of zero and below are gaps. Linear when left out. */
  readonly yScale?: "linear" | "log";
  /** Values that the y axis reaches to, whatever the data; zero when left out. */
  readonly yInclude?: readonly number[];
  /** Values that the x axis reaches to, whatever the data. */
  readonly xInclude?: readonly number[];
  readonly theme?: "light" | "dark";
  /** Whether the picture has a background of the theme's colour, or none; it has one when left out. */
  readonly background?: boolean;
  /** The font, in CSS; the system's own when left out. */
  readonly fontFamily?: string;
}

/** A series with what is drawn of it. */
interface DrawnSeries {
  readonly name: string;
  readonly index: number;
  readonly dashed: boolean;
  /** Those that were given, drawn pale when there is a smoothed line. */
  readonly points: readonly ChartPoint[];
  readonly smoothed: readonly ChartPoint[] | undefined;
}

const FONT_SIZE = 12;
const SYSTEM_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
/** Lines of so few points have a dot at each, as results of evaluation should. */
const MOST_DOTS = 20;

/**
 * Draws lines over a common axis, with grid, ticks and, for more than one line, a legend.
 *
 * The picture stands on its own: its colours are attributes, which a page's styles can override by class (`dt-grid`,
 * `dt-axis`, `dt-text`, `dt-s0` to `dt-s7` for lines, all below `dt-chart`). For scripts, `data-plot` has the plot's left,
 * top, right and bottom in units of the `viewBox`, `data-x` and `data-y` the values at its edges, and `data-y-scale` the
 * kind of the y axis.
 *
 * @returns The text of an SVG document; names and labels are escaped.
 */
export function lineChart(options: LineChartOptions): string {
  return chartMarkup(options).text;
}

/** The same as {@link lineChart} for insertion into a page. */
export function chartMarkup(options: LineChartOptions): Markup {
  const { width = 640, height = 360, yScale = "linear", title, xLabel, yLabel } = options;
  const theme: ChartTheme = THEMES[options.theme ?? "light"];
  const series = options.series.map((given, index) => drawn(given, index, width));

  const legend = layOutLegend(
    series.length > 1 ? series.map(({ name }) => name) : [],
    width - 24,
    FONT_SIZE,
  );
  const top = 10 + (title === undefined ? 0 : 24) + legend.height;
  const bottom = height - 22 - (xLabel === undefined ? 0 : 18);
  const y = new Axis({
    values: yValues(series),
    include: options.yInclude ?? [0],
    scale: yScale,
    tickCount: Math.max(2, Math.round((bottom - top) / 45)),
    nice: true,
  });
  const labelWidth = Math.max(...y.ticks.map(({ label }) => textWidth(label, FONT_SIZE)), 16);
  const left = 12 + labelWidth + (yLabel === undefined ? 0 : 20);
  const area: PlotArea = { left, top, right: width - 22, bottom };
  const x = new Axis({
    values: series.flatMap(({ points }) => points.map((point) => point.x)),
    include: options.xInclude ?? [],
    scale: "linear",
    tickCount: Math.max(2, Math.floor((area.right - area.left) / 80)),
    nice: false,
  });

  const anything = series.some(({ points }) => points.some(visible(yScale)));
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="dt-chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${options.description ?? title ?? [yLabel, xLabel].filter(Boolean).join(" over ")}" font-family="${options.fontFamily ?? SYSTEM_FONT}" font-size="${FONT_SIZE}" data-plot="${[area.left, area.top, area.right, area.bottom].join(" ")}" data-x="${x.domain.join(" ")}" data-y="${y.domain.join(" ")}" data-y-scale="${yScale}">
${options.background !== false && markup`<rect class="dt-background" width="${width}" height="${height}" fill="${theme.background}"/>\n`}${title !== undefined && markup`<text class="dt-title" x="12" y="22" font-size="15" font-weight="600" fill="${theme.text}">${title}</text>\n`}${drawLegend(legend, series, title === undefined ? 8 : 32, theme)}${drawAxes(area, x, y, { xLabel, yLabel, width, height }, theme)}
${anything ? series.map((one) => drawLine(one, area, x, y, yScale, theme)) : markup`<text class="dt-text" x="${(area.left + area.right) / 2}" y="${(area.top + area.bottom) / 2}" text-anchor="middle" fill="${theme.text}">nothing recorded</text>`}
</svg>`;
}

function drawn(series: ChartSeries, index: number, width: number): DrawnSeries {
  const { name, points, color = index, dashed = color >= THEMES.light.series.length } = series;
  const smoothed = series.smooth === true ? smoothPoints(points) : undefined;
  return {
    name,
    index: color % THEMES.light.series.length,
    dashed,
    points: thin(points, 2 * width),
    smoothed: smoothed && thin(smoothed, 2 * width),
  };
}

/** The points smoothed over about a twentieth of the series; too short a series is left as it is. */
export function smoothPoints(points: readonly ChartPoint[]): ChartPoint[] | undefined {
  if (points.length < 10) return undefined;
  const values = smooth(
    points.map(({ y }) => y),
    points.length / 40,
  );
  return points.map(({ x }, i) => ({ x, y: values[i] }));
}

function yValues(series: readonly DrawnSeries[]): number[] {
  return series.flatMap(({ points }) => points.map(({ y }) => y));
}

/** Whether a point has a place on such an axis. */
function visible(yScale: "linear" | "log"): (point: ChartPoint) => boolean {
  return ({ y }) => Number.isFinite(y) && (yScale === "linear" || y > 0);
}

function drawLine(
  { name, index, dashed, points, smoothed }: DrawnSeries,
  area: PlotArea,
  x: Axis,
  y: Axis,
  yScale: "linear" | "log",
  theme: ChartTheme,
): Markup {
  const placeX = x.between(area.left, area.right);
  const placeY = y.between(area.bottom, area.top);
  const isVisible = visible(yScale);
  const path = line<ChartPoint>()
    .defined(isVisible)
    .x((point) => placeX(point.x))
    .y((point) => placeY(point.y))
    .digits(1);
  const stroke = theme.series[index];
  const shown = points.filter(isVisible);
  const last = shown.at(-1);
  return markup`<g class="dt-series dt-s${index}" stroke="${stroke}" fill="none" stroke-linejoin="round" stroke-linecap="round"${dashed && markup` stroke-dasharray="6 5"`}>${last && markup`<title>${name}: ${Number(last.y.toPrecision(4))} at ${last.x}</title>`}${smoothed && markup`<path class="dt-raw" d="${path(points) ?? ""}" stroke-width="1" stroke-opacity="0.4"/>`}<path class="dt-line" d="${path(smoothed ?? points) ?? ""}" stroke-width="2"/>${
    smoothed === undefined &&
    shown.length <= MOST_DOTS &&
    shown.map(
      (point) =>
        markup`<circle class="dt-dot" cx="${placeX(point.x).toFixed(1)}" cy="${placeY(point.y).toFixed(1)}" r="3" fill="${stroke}" stroke="none"/>`,
    )
  }</g>
`;
}

function drawAxes(
  area: PlotArea,
  x: Axis,
  y: Axis,
  {
    xLabel,
    yLabel,
    width,
    height,
  }: { xLabel?: string; yLabel?: string; width: number; height: number },
  theme: ChartTheme,
): Markup {
  const placeX = x.between(area.left, area.right);
  const placeY = y.between(area.bottom, area.top);
  const middle = (area.top + area.bottom) / 2;
  return markup`<g class="dt-axes">
${y.ticks.map(
  ({
    at,
    label,
  }) => markup`<line class="dt-grid" x1="${area.left}" x2="${area.right}" y1="${placeY(at).toFixed(1)}" y2="${placeY(at).toFixed(1)}" stroke="${theme.grid}"/>
<text class="dt-text" x="${area.left - 8}" y="${(placeY(at) + 4).toFixed(1)}" text-anchor="end" fill="${theme.text}">${label}</text>
`,
)}${x.ticks.map(
    ({
      at,
      label,
    }) => markup`<line class="dt-axis" x1="${placeX(at).toFixed(1)}" x2="${placeX(at).toFixed(1)}" y1="${area.bottom}" y2="${area.bottom + 4}" stroke="${theme.axis}"/>
<text class="dt-text" x="${placeX(at).toFixed(1)}" y="${area.bottom + 18}" text-anchor="${tickAnchor(placeX(at), label, width)}" fill="${theme.text}">${label}</text>
`,
  )}<line class="dt-axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}" stroke="${theme.axis}"/>
${xLabel !== undefined && markup`<text class="dt-text" x="${(area.left + area.right) / 2}" y="${height - 6}" text-anchor="middle" fill="${theme.text}">${xLabel}</text>\n`}${yLabel !== undefined && markup`<text class="dt-text" transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle" fill="${theme.text}">${yLabel}</text>\n`}</g>`;
}

/** A label at the right end is set so that it doesn't leave the picture. */
function tickAnchor(at: number, label: string, width: number): "middle" | "end" {
  return at + textWidth(label, FONT_SIZE) / 2 > width ? "end" : "middle";
}

function drawLegend(
  { entries }: Legend,
  series: readonly DrawnSeries[],
  top: number,
  theme: ChartTheme,
): Markup {
  return markup`${entries.map(({ x, y, label }, i) => {
    const { index, dashed, name } = series[i];
    return markup`<g class="dt-legend dt-s${index}" transform="translate(${12 + x} ${top + y})" stroke="${theme.series[index]}"><title>${name}</title><line x1="0" x2="16" y1="7" y2="7" stroke-width="3" stroke-linecap="round"${dashed && markup` stroke-dasharray="5 5"`}/><text class="dt-text" x="22" y="11" stroke="none" fill="${theme.text}">${label}</text></g>\n`;
  })}`;
}
