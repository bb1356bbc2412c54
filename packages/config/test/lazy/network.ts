/** A small made-up network with the shapes of the real one's options: interfaces, tuples, unions, data and functions. */

export interface Shape {
  readonly channels?: number;
  readonly stride?: number;
}

export interface Extractor {
  outputShape(): Record<string, Shape>;
}

export class Stem {
  readonly norm: string;
  constructor({ norm = "BN" }: { readonly norm?: string } = {}) {
    this.norm = norm;
  }
}

export function makeStages({ depth }: { readonly depth: number }): number[][] {
  if (depth > 200) throw new RangeError(`depth is ${depth}`);
  return [[depth], [depth, depth]];
}

export interface NetOptions {
  readonly stem: Stem;
  readonly stages: readonly (readonly number[])[];
  readonly outFeatures: readonly string[];
  readonly freezeAt?: number;
}

export class Net implements Extractor {
  readonly options: NetOptions;
  constructor(options: NetOptions) {
    this.options = options;
  }
  outputShape(): Record<string, Shape> {
    return { res2: { channels: 8, stride: 4 } };
  }
}

export class OtherNet implements Extractor {
  readonly width: number;
  constructor({ width }: { readonly width: number }) {
    this.width = width;
  }
  outputShape(): Record<string, Shape> {
    return {};
  }
}

export type Weights = readonly [dx: number, dy: number];

export interface PyramidOptions {
  readonly bottomUp: Extractor;
  readonly inFeatures: readonly string[];
  readonly outChannels: number;
  readonly fuse?: "sum" | "avg";
  readonly norm?: string | ((channels: number) => Stem);
  readonly weights?: Weights;
  readonly shapes?: Record<string, Shape>;
  readonly heads?: readonly Extractor[];
}

export class Pyramid {
  readonly options: PyramidOptions;
  constructor(options: PyramidOptions) {
    this.options = options;
  }
}

export function readSamples({ name }: { readonly name: string }): Promise<string[]> {
  if (name === "missing") return Promise.reject(new Error("no such dataset"));
  return Promise.resolve([`${name}/1`, `${name}/2`]);
}

export class Loader {
  readonly samples: readonly string[];
  constructor({ samples }: { readonly samples: readonly string[] }) {
    this.samples = samples;
  }
}
