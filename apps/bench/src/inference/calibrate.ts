import type { ModelInput } from "@detectron-ts/modeling";
import { type AnyModule, Conv2d, FrozenBatchNorm2d, Linear } from "@detectron-ts/nn";
import { realize, type Parameter, Tensor } from "@detectron-ts/tensor";

/** A layer that decides how much is detected, by its path in the model, and the deviation its outputs are brought to. */
export interface CalibratedLayer {
  readonly path: string;
  readonly deviation: number;
  /** Its bias, where not what it is anyway. */
  readonly bias?: number;
}

/** A model that is measured. */
export interface BenchedModel<Output = unknown> extends AnyModule {
  inference(batchedInputs: readonly ModelInput[]): Promise<Output[]>;
}

/** Share of each residual branch: keeps activations at the size of the input through 16 blocks and more. */
const RESIDUAL_SCALE = 0.2;

/**
 * Makes a model of random weights detect as much as a trained one: residual branches are damped, and last layers rescaled
 * on `input`. What it finds means nothing; what it costs is real.
 *
 * @param stages - layers that are rescaled together; later ones see what the earlier ones now give.
 */
export async function calibrate(
  model: BenchedModel,
  input: ModelInput,
  stages: readonly (readonly CalibratedLayer[])[],
): Promise<void> {
  for (const [name, module] of model.namedModules()) {
    if (name.endsWith("conv3.norm") && module instanceof FrozenBatchNorm2d) {
      module.weight.update((data) => (data as Float32Array).fill(RESIDUAL_SCALE));
    }
  }
  for (const layers of stages) {
    const outputs = layers.map((): Tensor[] => []);
    const hooks = layers.map(({ path }, i) =>
      lastLayer(model, path).registerForwardHook((_layer, _inputs, output) => {
        outputs[i].push(output);
      }),
    );
    await model.inference([input]);
    for (const hook of hooks) hook.remove();
    for (const [i, { path, deviation, bias }] of layers.entries()) {
      await realize(...outputs[i]);
      const values = outputs[i].map((output) => output.dataSync());
      const layer = lastLayer(model, path);
      scale(layer.weight, deviation / deviationOf(values));
      if (bias !== undefined) layer.bias?.update((data) => (data as Float32Array).fill(bias));
    }
  }
}

function lastLayer(model: AnyModule, path: string): Linear | Conv2d {
  const layer = model.getSubmodule(path);
  if (layer instanceof Linear || layer instanceof Conv2d) return layer;
  throw new TypeError(`${path} is a ${layer.constructor.name}, wanted a Linear or a Conv2d`);
}

function scale(parameter: Parameter, factor: number): void {
  parameter.update((data) => {
    for (let i = 0; i < data.length; i++) data[i] = Number(data[i]) * factor;
  });
}

function deviationOf(arrays: readonly ArrayLike<number | bigint>[]): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const values of arrays) {
    count += values.length;
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i]);
      sum += value;
      squares += value * value;
    }
  }
  const mean = sum / count;
  return Math.sqrt(Math.max(squares / count - mean * mean, 1e-12));
}
