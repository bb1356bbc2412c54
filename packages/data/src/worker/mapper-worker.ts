// The program of the threads that a MapperPool maps images in.
import { parentPort, workerData } from "node:worker_threads";
import { Generator, type GeneratorState } from "@detectron-ts/nn";

import { createMapperFrom, type InputMapper, type MapperSource } from "../mapper/mapper-source.ts";
import { encodeError } from "./encode-error.ts";
import { encodeValue } from "./encode-value.ts";
import type { MapRequest, WorkerReply, WorkerRequest } from "./messages.ts";

function reply(message: WorkerReply, memory: ArrayBuffer[] = []): void {
  try {
    parentPort?.postMessage(message, memory);
  } catch {
    // Some memory, that of native libraries for one, cannot change hands.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    parentPort?.postMessage(message);
  }
}

function generatorAt(state: GeneratorState): Generator {
  const generator = new Generator(0);
  generator.state = state;
  return generator;
}

async function map(mapper: InputMapper, { id, dict, random }: MapRequest): Promise<void> {
  const generator = random && generatorAt(random);
  const stateAfter = () => generator && { random: generator.state };
  try {
    const { value, memory } = encodeValue(await mapper.map(dict, generator));
    reply({ kind: "mapped", id, input: value, ...stateAfter() }, memory);
  } catch (error) {
    reply({ kind: "failed", id, error: encodeError(error), ...stateAfter() });
  }
}

try {
  const source: MapperSource = workerData;
  const mapper = await createMapperFrom(source);
  parentPort?.on("message", async (request: WorkerRequest) => {
    if (request.kind === "map") await map(mapper, request);
    else parentPort?.close();
  });
} catch (error) {
  reply({ kind: "unusable", error: encodeError(error) });
}
