/** Numbers by operator and by module, added up. */
export class OperatorCounts {
  readonly #byModule = new Map<string, Map<string, number>>();

  /**
   * Adds to the count of an operator in a module and in all modules around it.
   *
   * @param path Checkpoint name of the innermost module; empty for the model itself.
   */
  add(path: string, operator: string, count: number): void {
    for (const module of pathAndParents(path)) {
      const counts = this.#byModule.get(module) ?? new Map<string, number>();
      this.#byModule.set(module, counts);
      counts.set(operator, (counts.get(operator) ?? 0) + count);
    }
  }

  /** Sum over all operators within a module; of the whole model when left out. */
  total(path = ""): number {
    return [...(this.#byModule.get(path)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** Count of each operator within a module; of the whole model when left out. */
  byOperator(path = ""): Map<string, number> {
    return new Map(this.#byModule.get(path));
  }

  /** Sum over all operators of each module in which something was counted, the model itself under the empty name. */
  byModule(): Map<string, number> {
    return new Map([...this.#byModule.keys()].map((path) => [path, this.total(path)]));
  }
}

/** `a.b`: `""`, `"a"`, `"a.b"`. */
function pathAndParents(path: string): string[] {
  if (path === "") return [""];
  const names = path.split(".");
  return ["", ...names.map((_, i) => names.slice(0, i + 1).join("."))];
}
