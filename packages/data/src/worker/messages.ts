import type { GeneratorState } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import type { EncodedError } from "./encode-error.ts";
import type { Encoded } from "./encode-value.ts";

/** An image to map. */
export interface MapRequest {
  readonly kind: "map";
  readonly id: number;
  readonly dict: DatasetDict;
  /** What augmentations draw from; without it the mapper has no generator to draw from but the system's. */
  readonly random?: GeneratorState;
}

/** Asks a thread to end once it has finished what it is at. */
export interface CloseRequest {
  readonly kind: "close";
}

export type WorkerRequest = MapRequest | CloseRequest;

/** What became of a request, or (without an id) of the making of the mapper. */
export type WorkerReply =
  | {
      readonly kind: "mapped";
      readonly id: number;
      readonly input: Encoded;
      /** The generator after what the augmentations drew. */
      readonly random?: GeneratorState;
    }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly error: EncodedError;
      readonly random?: GeneratorState;
    }
  | { readonly kind: "unusable"; readonly error: EncodedError };
