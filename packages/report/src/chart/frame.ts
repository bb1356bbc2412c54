import { extent } from "d3-array";
import { scaleLinear, scaleLog, type ScaleLinear, type ScaleLogarithmic } from "d3-scale";

/** A rectangle in the chart's units, in which x grows to the right and y downwards. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A place on an axis, and what is written beside it. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** A scale of either kind: maps a value to a position. */
type Scale = ScaleLinear<number, number> | ScaleLogarithmic<number, number>;

/** What an axis has to show. */
export interface AxisOptions {
  readonly values: Iterable<number>;
  /** Values that the axis reaches to, whatever the data; those that a logarithm doesn't have are passed over. */
  readonly include: readonly number[];
  readonly scale: "linear" | "log";
  /** About how many ticks there is room for. */
  readonly tickCount: number;
  /** Whether the axis ends at round numbers instead of at the data. */
  readonly nice: boolean;
}

/** One axis of a chart: what it covers, where its ticks are, where its values lie. */
export class Axis {
  readonly #scale: Scale;
  readonly ticks: readonly Tick[];

  constructor({ values, include, scale, tickCount, nice }: AxisOptions) {
    const shown = [...values, ...include].filter(
      (value) => Number.isFinite(value) && (scale === "linear" || value > 0),
    );
    const domain = widened(extent(shown), scale);
    this.#scale = scale === "linear" ? scaleLinear(domain, [0, 1]) : scaleLog(domain, [0, 1]);
    if (nice && scale === "linear") this.#scale.nice(tickCount);
    const format = this.#scale.tickFormat(
      tickCount,
      scale === "log" ? "~g" : linearFormat(this.domain),
    );
    // A logarithmic scale has no label for values that would be crowded.
    this.ticks = this.#scale
      .ticks(tickCount)
      .map((at) => ({ at, label: format(at) }))
      .filter(({ label }) => label !== "");
  }

  /** The least and the greatest value that the axis covers. */
  get domain(): readonly [number, number] {
    const [low, high] = this.#scale.domain();
    return [low, high];
  }

  /** The scale that puts the least value at `start` and the greatest at `end`. */
  between(start: number, end: number): (value: number) => number {
    return this.#scale.copy().range([start, end]);
  }
}

/** An interval of some length around the values', from 0 to 1 when there are none. */
function widened(
  [low, high]: [number, number] | [undefined, undefined],
  scale: "linear" | "log",
): [number, number] {
  if (low === undefined || high === undefined) return scale === "linear" ? [0, 1] : [0.1, 1];
  if (scale === "log") return [low / 1.1, high * 1.1];
  if (low < high) return [low, high];
  return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
}

/** How an axis writes its numbers: 12,000 and 0.25 as they are; what is much smaller or larger, short. */
function linearFormat(domain: readonly number[]): string | undefined {
  const greatest = Math.max(...domain.map(Math.abs));
  if (greatest < 1e-3) return "~e";
  return greatest < 1e6 ? undefined : "~s";
}
