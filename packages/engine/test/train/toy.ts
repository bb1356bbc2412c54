import { linear, Parameter, tensor, type Tensor } from "@detectron-ts/tensor";

import { SimpleTrainer, type TrainableModel } from "@detectron-ts/engine";
import { SGD } from "@detectron-ts/solver";

/** One sample of {@link ToyModel}, with the file it is said to come from. */
export interface ToySample {
  readonly fileName: string;
  readonly x: number;
}

/** Learns to multiply by 3: two parameters, two losses. */
export class ToyModel implements TrainableModel<readonly ToySample[]> {
  training = true;
  readonly weight = new Parameter(Float32Array.of(0), [1, 1]);
  readonly bias = new Parameter(Float32Array.of(0), [1]);

  async losses(batch: readonly ToySample[]): Promise<Record<string, Tensor>> {
    const x = tensor(batch.map((sample) => [sample.x]));
    const error = linear(x, this.weight, this.bias).sub(x.mul(3));
    return { loss_square: error.square().mean(), loss_bias: this.bias.abs().sum().mul(0.1) };
  }
}

/** The same batch for ever. */
export async function* endless(x = 1): AsyncGenerator<ToySample[]> {
  for (;;) yield [{ fileName: `${x}.jpg`, x }];
}

export interface ToyOptions {
  readonly dataLoader?: AsyncIterable<readonly ToySample[]>;
  readonly lr?: number;
  readonly gatherMetricPeriod?: number;
}

/** A trainer of a {@link ToyModel}, with its parts. */
export function toyTrainer({
  dataLoader = endless(),
  lr = 0.1,
  gatherMetricPeriod,
}: ToyOptions = {}): {
  model: ToyModel;
  optimizer: SGD;
  trainer: SimpleTrainer<readonly ToySample[]>;
} {
  const model = new ToyModel();
  const optimizer = new SGD({ params: [model.weight, model.bias], lr });
  const trainer = new SimpleTrainer({ model, dataLoader, optimizer, gatherMetricPeriod });
  return { model, optimizer, trainer };
}
