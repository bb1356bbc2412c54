const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const FOUR_DIGITS = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/** 1,500. */
export const formatCount = (value: number): string => COUNT.format(value);

/** Four significant digits; what is too small for that to be short has a power of ten. */
export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return String(Number(value.toPrecision(3)));
  return FOUR_DIGITS.format(value);
}

/** A percentage of an evaluation, to one decimal; a dash for what couldn't be measured. */
export function formatPercentage(value: number | null | undefined): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(1) : "–";
}

/** "35 min", "2 h 05 min", "3 d 4 h", "48 s". */
export function formatDuration(seconds: number): string {
  if (seconds < 99.5) return `${formatNumber(Number(seconds.toPrecision(2)))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "812 MiB", "1.5 GiB". */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1000 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
