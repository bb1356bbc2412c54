import type { EncodedOutput } from "./encode-output.ts";

/** What a worker is started with. */
export interface WorkerStart {
  /** The config as plain objects. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: string;
  /** Addresses of modules to import first: they register what the config names. */
  readonly imports: readonly string[];
}

/** An image to look at: height × width × 3 bytes. */
export interface PredictRequest {
  readonly id: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a worker says: that it has started, or what became of a request or of its start (no id). */
export type WorkerReply =
  | { readonly kind: "ready" }
  | { readonly kind: "output"; readonly id: number; readonly output: EncodedOutput }
  | { readonly kind: "failure"; readonly id?: number; readonly error: EncodedError };

/** What threads can tell each other of an error. */
export interface EncodedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}
