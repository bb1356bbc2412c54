import { DropPath, type Generator, Identity } from "@detectron-ts/nn";

/**
 * The probability with which each block is skipped in training, growing linearly with depth ("Deep Networks with Stochastic
 * Depth", Huang et al. 2016).
 */
export function dropPathRates(rate: number, depth: number): readonly number[] {
  return Array.from({ length: depth }, (_, i) => (depth > 1 ? (rate * i) / (depth - 1) : 0));
}

/** What stands before a residual sum: drops at a rate above 0, else does nothing. */
export function createDropPath(rate: number, generator?: Generator): DropPath | Identity {
  return rate > 0 ? new DropPath({ p: rate, ...(generator && { generator }) }) : new Identity();
}
