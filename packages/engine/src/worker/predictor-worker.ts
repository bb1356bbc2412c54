// The program that a WorkerPredictor's thread runs.
import { parentPort, workerData } from "node:worker_threads";

import { CfgNode, type Config } from "@detectron-ts/config";
import ndarray from "ndarray";

import { DefaultPredictor } from "../default-predictor.ts";
import { encodeOutput } from "./encode-output.ts";
import type { EncodedError, PredictRequest, WorkerReply, WorkerStart } from "./messages.ts";

const { config, weights, imports }: WorkerStart = workerData;

function reply(message: WorkerReply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(message);
}

function encodeError(error: unknown): EncodedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined };
  return { name: error.name, message: error.message, stack: error.stack };
}

async function start(): Promise<DefaultPredictor<object>> {
  for (const address of imports) await import(address);
  // These are the plain objects of a config.
  const cfg = new CfgNode(config) as CfgNode as Config;
  return DefaultPredictor.create<object>(cfg, { weights });
}

try {
  const predictor = await start();
  parentPort?.on("message", async ({ id, shape, data }: PredictRequest) => {
    try {
      const output = await predictor.predict(ndarray(data, [...shape]));
      reply({ kind: "output", id, output: await encodeOutput(output) });
    } catch (error) {
      reply({ kind: "failure", id, error: encodeError(error) });
    }
  });
  reply({ kind: "ready" });
} catch (error) {
  reply({ kind: "failure", error: encodeError(error) });
}
