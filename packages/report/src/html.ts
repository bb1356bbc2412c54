/** Text that is markup already and is not escaped again. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: markup as it is, other text and numbers escaped, nothing for `false` and undefined. */
export type Insertable = Markup | string | number | false | undefined | readonly Insertable[];

/**
 * Builds HTML or SVG from a template. Whatever is inserted is escaped unless it is itself the result of such a template,
 * so a name or caption can never become an element or an attribute.
 *
 * @example
 * markup`<p title="${name}">${items.map((item) => markup`<b>${item}</b>`)}</p>`
 */
export function markup(literals: TemplateStringsArray, ...inserted: readonly Insertable[]): Markup {
  let text = literals[0];
  for (const [i, value] of inserted.entries()) text += insert(value) + literals[i + 1];
  return new Markup(text);
}

/** JSON that is safe inside a `<script>` element: no `<` can end it. */
export function scriptJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll("<", String.raw`\u003c`));
}

function insert(value: Insertable): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return escape(value);
  if (typeof value === "number") return String(value);
  return value.map(insert).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// XML has no way to write most control characters; a picture must not fail to open for one in a name.
// oxlint-disable-next-line no-control-regex
const NOT_IN_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

function escape(text: string): string {
  return text.replace(NOT_IN_XML, "\uFFFD").replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
