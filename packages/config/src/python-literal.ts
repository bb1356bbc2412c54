import { refuseProto } from "./keys.ts";
import { bool, dict, floating, int, none, sequence, str, type Literal } from "./literal.ts";
import { MAX_NESTING } from "./limits.ts";

const SPACE = /(?:\s|#[^\n]*)+/y;
const DIGITS = String.raw`\d(?:_?\d)*`;
const FLOAT = new RegExp(
  `(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.)(?:[eE][+-]?${DIGITS})?|${DIGITS}[eE][+-]?${DIGITS}`,
  "y",
);
// A decimal integer has no leading zeros, but zero itself may be written with many.
const INT = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*/y;
const NAME = /[A-Za-z_]\w*/y;
const STRING_START = /([rRuU]?)("""|'''|"|')/y;
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/**
 * What Python's `ast.literal_eval` makes of a text, or undefined where it would raise: then a config value is the text.
 *
 * Covered are None, True, False, numbers, strings (prefixes r and u, all escapes but named characters, adjacent strings),
 * tuples with or without parentheses, lists and dicts with string keys. Texts that Python reads as bytes, complex numbers
 * or sets, which no config can hold, stay text. Nothing is ever executed.
 * So does text nested beyond {@link MAX_NESTING}.
 */
export function parsePythonLiteral(text: string): Literal | undefined {
  const parser = new LiteralParser(text);
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

/** Signals inside this file that the text is no literal. */
class NotALiteral extends Error {}

class LiteralParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Literal {
    this.#skipSpace();
    const literal = this.#tupleOrValue("");
    if (this.#at < this.#text.length) throw new NotALiteral();
    return literal;
  }

  /** `a` is a value, `a,` and `a, b` are tuples. `close` is the bracket that ends it, empty at the end of the text. */
  #tupleOrValue(close: string): Literal {
    const first = this.#value();
    if (this.#peek() !== ",") return first;
    const items = [first];
    while (this.#take(",")) {
      if (this.#peek() === close) break;
      items.push(this.#value());
    }
    return sequence("tuple", items);
  }

  #value(): Literal {
    if (++this.#depth > MAX_NESTING) throw new NotALiteral();
    const literal = this.#valueInside();
    this.#depth--;
    this.#skipSpace();
    return literal;
  }

  #valueInside(): Literal {
    if (this.#take("(")) return this.#parenthesised();
    if (this.#take("["))
      return sequence(
        "list",
        this.#items("]", () => this.#value()),
      );
    if (this.#take("{")) return this.#dict();
    const sign = this.#take("-") ? -1 : this.#take("+") ? 1 : undefined;
    const number = this.#number(sign ?? 1);
    if (number) return number;
    if (sign !== undefined) throw new NotALiteral();
    return this.#strings() ?? this.#name();
  }

  #parenthesised(): Literal {
    if (this.#take(")")) return sequence("tuple", []);
    const literal = this.#tupleOrValue(")");
    this.#expect(")");
    return literal;
  }

  #dict(): Literal {
    const pairs = this.#items("}", (): [string, Literal] => {
      const key = this.#value();
      if (key.kind !== "str") throw new NotALiteral();
      this.#expect(":");
      refuseProto(key.value, key.value);
      return [key.value, this.#value()];
    });
    return dict(new Map(pairs));
  }

  /** Items separated by commas up to the closing bracket, with an optional comma at the end. */
  #items<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.#take(close)) {
      items.push(item());
      if (!this.#take(",")) {
        this.#expect(close);
        break;
      }
    }
    return items;
  }

  #number(sign: 1 | -1): Literal | undefined {
    const float = this.#match(FLOAT);
    if (float) return floating(sign * Number(float[0].replaceAll("_", "")));
    const integer = this.#match(INT);
    if (integer) return int(sign * Number(integer[0].replaceAll("_", "")));
    return undefined;
  }

  /** One or more adjacent strings, which Python joins. */
  #strings(): Literal | undefined {
    let value: string | undefined;
    for (let part = this.#string(); part !== undefined; part = this.#string()) {
      value = (value ?? "") + part;
      this.#skipSpace();
    }
    return value === undefined ? undefined : str(value);
  }

  #string(): string | undefined {
    const start = this.#match(STRING_START);
    if (!start) return undefined;
    const [, prefix, quote] = start;
    const from = this.#at;
    while (!this.#text.startsWith(quote, this.#at)) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new NotALiteral();
      if (character === "\n" && quote.length === 1) throw new NotALiteral();
      this.#at += character === "\\" ? 2 : 1;
    }
    const body = this.#text.slice(from, this.#at);
    this.#at += quote.length;
    return prefix.toLowerCase() === "r" ? body : unescape(body);
  }

  #name(): Literal {
    switch (this.#match(NAME)?.[0]) {
      case "None":
        return none;
      case "True":
        return bool(true);
      case "False":
        return bool(false);
      default:
        throw new NotALiteral();
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    this.#skipSpace();
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new NotALiteral();
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }
}

/** Resolves the escapes of a Python string's body; an unknown one keeps its backslash. */
function unescape(body: string): string {
  return body.replace(ESCAPE, (escape, octal, hex2, hex4, hex8, character) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex: string | undefined = hex2 ?? hex4 ?? hex8;
    if (hex !== undefined) {
      const codePoint = Number.parseInt(hex, 16);
      if (codePoint > 0x10ffff) throw new NotALiteral();
      return String.fromCodePoint(codePoint);
    }
    // A named character, or an x or u without its digits.
    if ("NxuU".includes(character)) throw new NotALiteral();
    return SIMPLE_ESCAPES[character] ?? escape;
  });
}
