import type { CST } from "yaml";

/** Whether the collections in parsed YAML tokens are nested deeper than `maximum`. Doesn't recurse, whatever the depth. */
export function deeperThan(maximum: number, tokens: readonly CST.Token[]): boolean {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { token, depth } = next;
    if (depth > maximum) return true;
    for (const child of childrenOf(token)) open.push({ token: child, depth: depth + 1 });
  }
  return false;
}

function* childrenOf(token: CST.Token): Iterable<CST.Token> {
  if (token.type === "document") {
    if (token.value) yield token.value;
  } else if ("items" in token) {
    for (const { key, value } of token.items) {
      if (key) yield key;
      if (value) yield value;
    }
  }
}
