/** What can be wrong with a dataset, or with a config for it. */
export type DataProblemKind =
  | "category-off-by-one"
  | "category-out-of-range"
  | "class-count"
  | "class-unused"
  | "size-mismatch"
  | "unreadable-image"
  | "missing-file"
  | "box-outside"
  | "box-empty"
  | "box-tiny"
  | "box-not-finite"
  | "polygon"
  | "mask-format"
  | "mask-missing"
  | "mask-size"
  | "mask-broken"
  | "no-annotations";

/** One finding. Findings of one kind about many annotations are counted, and the first few are named. */
export interface DataProblem {
  readonly kind: DataProblemKind;
  /** Errors stop a training or spoil it; warnings are left out or clipped along the way. */
  readonly severity: "error" | "warning";
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** How many images or annotations it is about. */
  readonly count: number;
  /** The first of them: the file, and the annotation's id where there is one. */
  readonly examples: readonly DataProblemExample[];
}

/** Where a problem is. */
export interface DataProblemExample {
  readonly fileName: string;
  readonly annotationId?: number;
}

const MAX_EXAMPLES = 5;

/** Collects findings by kind. */
export class Findings {
  readonly #problems = new Map<
    DataProblemKind,
    DataProblem & { count: number; examples: DataProblemExample[] }
  >();

  add(
    kind: DataProblemKind,
    severity: DataProblem["severity"],
    message: string,
    example?: DataProblemExample,
  ): void {
    let problem = this.#problems.get(kind);
    if (!problem) {
      problem = { kind, severity, message, count: 0, examples: [] };
      this.#problems.set(kind, problem);
    }
    problem.count++;
    if (example && problem.examples.length < MAX_EXAMPLES) problem.examples.push(example);
  }

  /** Errors first. */
  list(): DataProblem[] {
    return [...this.#problems.values()].sort(
      (a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"),
    );
  }
}
