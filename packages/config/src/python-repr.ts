import type { Literal } from "./literal.ts";

/**
 * A float as Python's `repr` writes it: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on, and
 * always a point or an exponent.
 */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, exponentText] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const twoDigits = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${twoDigits}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string as Python's `repr` writes it, which prefers single quotes. */
export function stringRepr(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const body = value.replace(/[\\'"]|\p{Cc}/gu, (character) => {
    if (character === "'" || character === '"') {
      return character === quote ? `\\${character}` : character;
    }
    const hex = character.charCodeAt(0).toString(16).padStart(2, "0");
    return ESCAPES[character] ?? `\\x${hex}`;
  });
  return quote + body + quote;
}

/** A value as Python's `repr` writes it. */
export function repr(literal: Literal): string {
  switch (literal.kind) {
    case "None":
      return "None";
    case "bool":
      return literal.value ? "True" : "False";
    case "int":
    case "number":
      return String(literal.value);
    case "float":
      return floatRepr(literal.value);
    case "str":
      return stringRepr(literal.value);
    case "list":
      return `[${literal.items.map(repr).join(", ")}]`;
    case "tuple":
      return `(${literal.items.map(repr).join(", ")}${literal.items.length === 1 ? "," : ""})`;
    case "dict":
      return `{${[...literal.entries].map(([key, entry]) => `${stringRepr(key)}: ${repr(entry)}`).join(", ")}}`;
  }
  return literal satisfies never;
}
