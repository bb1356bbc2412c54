import { TypeMismatchError } from "./errors.ts";
import { isNumber, isSequence, type Literal } from "./literal.ts";
import { parsePythonLiteral } from "./python-literal.ts";
import { repr } from "./python-repr.ts";

/** How errors name the type of a section. */
export const NODE = "CfgNode";

/** The value that a merged value stands for: yacs evaluates every string as a Python literal, if it is one. */
export function evaluate(literal: Literal): Literal {
  return literal.kind === "str" ? (parsePythonLiteral(literal.value) ?? literal) : literal;
}

/**
 * The value to store when `replacement` is merged over `original`, by yacs's rules.
 *
 * Types must be equal, except that a list becomes a tuple where a tuple was and the reverse, and that None may replace
 * any value and be replaced by any. An int is not a float: `1` doesn't merge over `1.0`. Only an integer that came from
 * JavaScript code, which can't say which it means, merges over both.
 *
 * @param key The full key, for errors.
 * @throws TypeMismatchError for every other pair of types.
 */
export function coerce(replacement: Literal, original: Literal, key: string): Literal {
  if (replacement.kind === "dict" || original.kind === "dict")
    throw mismatch(replacement, original, key);
  if (replacement.kind === original.kind) return replacement;
  if (replacement.kind === "None" || original.kind === "None") return replacement;
  if (isSequence(replacement) && isSequence(original))
    return { ...replacement, kind: original.kind };
  if (isNumber(replacement) && isNumber(original)) {
    if (original.kind === "number") return replacement;
    if (replacement.kind === "number") return { ...replacement, kind: original.kind };
  }
  throw mismatch(replacement, original, key);
}

/**
 * The value to store when code assigns over `original`: as yacs, without a check, but an integer keeps meaning the type
 * of number that was there, and an array the type of sequence.
 */
export function adopt(replacement: Literal, original: Literal): Literal {
  if (replacement.kind === "number" && isNumber(original)) {
    return { ...replacement, kind: original.kind };
  }
  if (isSequence(replacement) && isSequence(original))
    return { ...replacement, kind: original.kind };
  return replacement;
}

function mismatch(replacement: Literal, original: Literal, key: string): TypeMismatchError {
  const hint =
    replacement.kind === "int" && original.kind === "float"
      ? ` Write ${repr({ ...replacement, kind: "float" })}.`
      : "";
  return new TypeMismatchError(
    key,
    original.kind,
    replacement.kind,
    repr(original),
    repr(replacement),
    hint,
  );
}
