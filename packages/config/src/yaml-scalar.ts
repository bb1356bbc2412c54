import { bool, floating, int, none, str, type Literal } from "./literal.ts";

// What a plain scalar means to PyYAML, which reads detectron2's files: YAML 1.1, where `on` is a boolean and 010 is
// eight, except that a float needs a point, a sign in its exponent, and digits between a sign and the point. `1e-3` is
// therefore a string here, and becomes a float when the config evaluates it; inside a sequence, which is not evaluated,
// it stays a string.
const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const BINARY = /^([-+]?)0b([0-1_]+)$/;
const OCTAL = /^([-+]?)0([0-7_]+)$/;
const DECIMAL = /^([-+]?)(0|[1-9][0-9_]*)$/;
const HEXADECIMAL = /^([-+]?)0x([0-9a-fA-F_]+)$/;
const SEXAGESIMAL_INT = /^([-+]?)([1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/;
const SEXAGESIMAL_FLOAT = /^([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const INFINITY = /^([-+]?)\.(?:inf|Inf|INF)$/;
const NAN = /^\.(?:nan|NaN|NAN)$/;

const INTEGER_BASES: readonly (readonly [RegExp, number])[] = [
  [BINARY, 2],
  [OCTAL, 8],
  [DECIMAL, 10],
  [HEXADECIMAL, 16],
];

/** The value of a plain (unquoted) scalar by PyYAML's rules; a date stays text. */
export function resolvePlainScalar(text: string): Literal {
  if (NULL.test(text)) return none;
  if (TRUE.test(text)) return bool(true);
  if (FALSE.test(text)) return bool(false);
  return resolveInteger(text) ?? resolveFloat(text) ?? str(text);
}

function resolveInteger(text: string): Literal | undefined {
  for (const [pattern, base] of INTEGER_BASES) {
    const match = pattern.exec(text);
    const digits = match?.[2].replaceAll("_", "");
    if (match && digits) return int(signOf(match) * Number.parseInt(digits, base));
  }
  const clock = SEXAGESIMAL_INT.exec(text);
  return clock ? int(signOf(clock) * sexagesimal(clock[2])) : undefined;
}

function resolveFloat(text: string): Literal | undefined {
  if (FLOAT.test(text)) return floating(Number(text.replaceAll("_", "")));
  const infinity = INFINITY.exec(text);
  if (infinity) return floating(signOf(infinity) * Infinity);
  if (NAN.test(text)) return floating(NaN);
  const clock = SEXAGESIMAL_FLOAT.exec(text);
  return clock ? floating(signOf(clock) * sexagesimal(clock[2])) : undefined;
}

function signOf(match: RegExpExecArray): 1 | -1 {
  return match[1] === "-" ? -1 : 1;
}

/** `1:30` is 90: digits to the base of sixty. */
function sexagesimal(text: string): number {
  return text
    .replaceAll("_", "")
    .split(":")
    .reduce((total, part) => total * 60 + Number(part), 0);
}
