/** An integer as a number where it is safe, else as a bigint; undefined when the text is none. */
export function parseInteger(digits: string): number | bigint | undefined {
  return /^[+-]?\d+$/.test(digits) ? narrow(BigInt(digits.replace(/^\+/, ""))) : undefined;
}

/** A float as Python's `repr` writes it; undefined when the text is none. */
export function parseFloatLiteral(text: string): number | undefined {
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named) {
    if (named[2].toLowerCase() === "nan") return NaN;
    return named[1] === "-" ? -Infinity : Infinity;
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** A little-endian two's complement integer of any length; no bytes are 0. */
export function decodeTwosComplement(bytes: Uint8Array): number | bigint {
  if (bytes.byteLength === 0) return 0;
  const hex = Buffer.from(bytes).reverse().toString("hex");
  return narrow(BigInt.asIntN(bytes.byteLength * 8, BigInt(`0x${hex}`)));
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A Python 2 string literal of one character per byte; undefined when it is not quoted. */
export function parseQuotedString(literal: string): string | undefined {
  const quote = literal[0];
  const isQuoted = (quote === "'" || quote === '"') && literal.endsWith(quote);
  if (literal.length < 2 || !isQuoted) return undefined;
  return literal
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/gs, (_match, hex, octal, character) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return CHARACTER_ESCAPES.get(character) ?? character;
    });
}

const CHARACTER_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
]);

/** Text in Python's raw-unicode-escape: latin1 with `\u` and `\U` escapes and no others. */
export function parseEscapedText(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (match, short, long) => {
    const codePoint = Number.parseInt(short ?? long, 16);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : match;
  });
}
