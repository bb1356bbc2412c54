/**
 * A number as Python's `format(value, ".{precision}g")` writes it: `precision` significant digits without trailing
 * zeros, with an exponent when it is below -4 or has more digits than that.
 */
export function formatGeneral(value: number, precision: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa, exponent] = value.toExponential(precision - 1).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < precision) return trimZeros(value.toFixed(precision - 1 - power));
  const digits = String(Math.abs(power)).padStart(2, "0");
  return `${trimZeros(mantissa)}e${power < 0 ? "-" : "+"}${digits}`;
}

function trimZeros(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

/** Whole seconds as Python prints a `timedelta`: `0:00:05`, `1:02:03`, `1 day, 0:00:00`. */
export function formatDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const time = `${hours}:${twoDigits(Math.floor(whole / 60) % 60)}:${twoDigits(whole % 60)}`;
  if (days === 0) return time;
  return `${days} ${days === 1 ? "day" : "days"}, ${time}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
