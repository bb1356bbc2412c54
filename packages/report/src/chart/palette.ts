/** Colours of a chart. */
export interface ChartTheme {
  readonly background: string;
  readonly text: string;
  readonly grid: string;
  readonly axis: string;
  /** Colours of series, apart for eyes that mix up red and green as well. */
  readonly series: readonly string[];
}

/** The two looks of a chart. */
export const THEMES = {
  light: {
    background: "#ffffff",
    text: "#4a5160",
    grid: "#e6e8ee",
    axis: "#9aa1b0",
    series: [
      "#2f6bd0",
      "#d55f1d",
      "#14866d",
      "#b03a8c",
      "#8f6a00",
      "#6a52c7",
      "#c0364a",
      "#3a83a3",
    ],
  },
  dark: {
    background: "#171a21",
    text: "#b3bac8",
    grid: "#2a2f3a",
    axis: "#5e6675",
    series: [
      "#7aa8f8",
      "#f39763",
      "#55c7a6",
      "#e07fc4",
      "#d4b545",
      "#a996f2",
      "#f27f8d",
      "#7fc3de",
    ],
  },
} as const satisfies Record<string, ChartTheme>;
