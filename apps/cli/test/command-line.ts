import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll } from "vitest";

import { run } from "../src/run.ts";

/** What a command line did. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects what is written. */
class TextSink extends Writable {
  text = "";

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** Fails at whatever is written. */
class BrokenSink extends TextSink {
  readonly #code: string;

  constructor(code: string) {
    super();
    this.#code = code;
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: (error: Error) => void): void {
    done(Object.assign(new Error(`${this.#code}: the sink is broken`), { code: this.#code }));
  }
}

/** The streams whose writes are to fail, and the code of the error. */
export type BrokenStreams = Partial<Record<"stdout" | "stderr", string>>;

/** The same as {@link detectron} with output that can't be written. */
export function detectronWithBroken(
  { stdout, stderr }: BrokenStreams,
  ...argv: string[]
): Promise<Outcome> {
  const sink = (code?: string) => (code === undefined ? new TextSink() : new BrokenSink(code));
  return runWith(argv, sink(stdout), sink(stderr));
}

/** Runs `detectron` with arguments, in this process, as if its output went to files. */
export function detectron(...argv: string[]): Promise<Outcome> {
  return runWith(argv, new TextSink(), new TextSink());
}

/** The same as {@link detectron} as if a person looked at a terminal. */
export function detectronInTerminal(...argv: string[]): Promise<Outcome> {
  const terminal = { isTTY: true, columns: 80 };
  return runWith(
    argv,
    Object.assign(new TextSink(), terminal),
    Object.assign(new TextSink(), terminal),
  );
}

async function runWith(
  argv: readonly string[],
  stdout: TextSink,
  stderr: TextSink,
): Promise<Outcome> {
  const code = await run(argv, { stdout, stderr });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A folder that goes away after the file's tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "detectron-cli-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
