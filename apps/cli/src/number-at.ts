/** The number at a dotted path into an object; undefined when there is none. */
export function numberAt(value: unknown, path: string): number | undefined {
  let found = value;
  for (const key of path.split(".")) {
    if ((typeof found !== "object" && typeof found !== "function") || found === null) return;
    found = Reflect.get(found, key);
  }
  return typeof found === "number" ? found : undefined;
}
