import type { Tensor } from "@detectron-ts/tensor";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions {
  /** `"mean"` when left out, as in PyTorch. */
  readonly reduction?: Reduction;
}

/**
 * Cross entropy of independent yes-no decisions, from logits. Mirrors
 * `torch.nn.functional.binary_cross_entropy_with_logits`.
 *
 * With `m = max(-x, 0)`, `-t·log σ(x) - (1-t)·log σ(-x) = (1-t)·x + m + log(e^-m + e^(-x-m))`, in which no
 * exponential overflows. The value does not depend on `m`, so `m` takes no part in the gradient, which is
 * thereby `σ(x) - t` everywhere, the kink of `m` at zero included.
 *
 * @param logits - any shape, float32.
 * @param target - probabilities in [0, 1], of that shape, float32.
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  target: Tensor,
  { reduction = "mean" }: BinaryCrossEntropyOptions = {},
): Tensor {
  const negated = logits.neg();
  const m = negated.relu().detach();
  const softplus = m.add(m.neg().exp().add(negated.sub(m).exp()).log());
  return reduceLoss(target.neg().add(1).mul(logits).add(softplus), reduction);
}
