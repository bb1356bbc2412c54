import {
  chartMarkup,
  smoothPoints,
  type ChartSeries,
  type LineChartOptions,
} from "../chart/line-chart.ts";
import { THEMES } from "../chart/palette.ts";
import { thin } from "../chart/thin.ts";
import { markup, scriptJson, type Markup } from "../html.ts";
import type { MetricPoint } from "../metrics.ts";

/** A chart of the page. */
export interface FigureOptions {
  readonly title: string;
  /** A line that says what is drawn. */
  readonly note?: string;
  /** A value beside the title, such as the last. */
  readonly value?: string;
  readonly series: readonly ChartSeries[];
  /** Iterations that the axis reaches to. */
  readonly iterations: number;
  readonly yInclude?: readonly number[];
  /** Whether it takes the page's whole width. */
  readonly wide?: boolean;
  /** Whether the reader can choose a logarithmic axis. */
  readonly logarithmic?: boolean;
}

/** The sizes that charts are drawn in; on small screens a wide one is replaced by a compact one. */
const COMPACT = { width: 520, height: 270 };
const WIDE = { width: 1080, height: 360 };

/** Points that the page's tooltips know of a series. */
const MOST_TOOLTIPS = 1000;

/** A chart with its caption, its values for tooltips, and each of its variants, of which styles show one. */
export function chartFigure(options: FigureOptions): Markup {
  const { title, note, value, series, wide = false, logarithmic = false } = options;
  const sizes = wide ? [WIDE, COMPACT] : [COMPACT];
  const scales = logarithmic ? (["linear", "log"] as const) : (["linear"] as const);
  const variants = sizes.flatMap((size) =>
    scales.map((yScale) => {
      const chart: LineChartOptions = {
        series,
        ...size,
        yScale,
        description: title,
        xInclude: [0, options.iterations],
        ...(options.yInclude === undefined ? {} : { yInclude: options.yInclude }),
        background: false,
      };
      return markup`<div class="${size === WIDE ? "roomy" : "compact"} ${yScale}">${chartMarkup(chart)}</div>`;
    }),
  );
  return markup`<figure class="chart${wide && " wide"}${logarithmic && " scalable"}">
<figcaption><b>${title}</b>${value !== undefined && markup`<output>${value}</output>`}${note !== undefined && markup`<small>${note}</small>`}</figcaption>
<script type="application/json">${scriptJson(series.map(tooltipSeries))}</script>
${variants}
</figure>
`;
}

/** A series of a chart from recorded scalars. */
export function recordedSeries(
  name: string,
  points: readonly MetricPoint[],
  style: Omit<ChartSeries, "name" | "points"> = {},
): ChartSeries {
  return {
    name,
    points: points.map(({ iteration, value }) => ({ x: iteration, y: value })),
    ...style,
  };
}

/** What the tooltip script reads: `[x, y, smoothed y]`, null for what isn't finite. */
function tooltipSeries(
  { name, points, smooth, color }: ChartSeries,
  index: number,
): { name: string; color: number; points: (number | null)[][] } {
  const smoothed = smooth === true ? smoothPoints(points) : undefined;
  const all = points.map(({ x, y }, i) => ({ x, y, smoothed: smoothed?.[i].y }));
  return {
    name,
    color: (color ?? index) % THEMES.light.series.length,
    points: thin(all, MOST_TOOLTIPS).map((point) => [
      point.x,
      short(point.y),
      ...(point.smoothed === undefined ? [] : [short(point.smoothed)]),
    ]),
  };
}

const short = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
