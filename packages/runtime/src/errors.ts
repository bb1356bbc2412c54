import type { DType, Shape, TypedArray } from "@detectron-ts/tensor";

const signature = (name: string, shape: Shape): string => `${name} [${shape.join(", ")}]`;

/** ONNX Runtime could not build or run a graph. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  constructor(
    /** Whether building the session failed, or running it. */
    readonly phase: "compile" | "run",
    /** Operations of the graph, in order. */
    readonly ops: readonly string[],
    /** What was fed, by name, and its shape. */
    readonly feeds: readonly (readonly [name: string, shape: Shape])[],
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const counts = new Map<string, number>();
    for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
    const summary = [...counts]
      .map(([op, count]) => (count > 1 ? `${op}×${count}` : op))
      .join(", ");
    super(
      `ONNX Runtime could not ${phase} a graph of ${summary}: ${reason}\n` +
        `fed: ${feeds.map(([name, shape]) => signature(name, shape)).join(", ") || "nothing"}`,
      { cause },
    );
  }
}

/** A session returned something else than the graph's shape rules promise: a bug in a rule. */
export class ResultError extends Error {
  override readonly name = "ResultError";
  constructor(
    readonly op: string,
    readonly wanted: Shape,
    readonly got: readonly number[],
  ) {
    super(
      `${op}: ONNX Runtime returned [${got.join(", ")}], the shape rule says [${wanted.join(", ")}]`,
    );
  }
}

/** A host operation's `forward` returned something else than it declared. */
export class HostOpError extends Error {
  override readonly name = "HostOpError";
  constructor(
    /** Name of the operation. */
    readonly op: string,
    /** Which of its outputs. */
    readonly output: number,
    readonly dtype: DType,
    readonly shape: Shape,
    got: TypedArray | undefined,
  ) {
    const returned =
      got === undefined ? "nothing" : `${got.length} values in a ${got.constructor.name}`;
    super(
      `${op}: output ${output} must be ${dtype}[${shape.join(", ")}], forward returned ${returned}`,
    );
  }
}

/** A runtime option that cannot be used. */
export class RuntimeOptionError extends Error {
  override readonly name = "RuntimeOptionError";
  constructor(
    readonly option: string,
    readonly value: unknown,
    readonly wanted: string,
  ) {
    super(`runtime option ${option} must be ${wanted}, got ${String(value)}`);
  }
}
