import { Conv2d, type NormFactory, getNorm, init } from "@detectron-ts/nn";

/**
 * The 1×1 convolution that carries a block's input past it where the number of channels changes; null
 * where it does not, and the input passes as it is.
 */
export function createShortcut(
  inChannels: number,
  outChannels: number,
  stride: number,
  norm: string | NormFactory | null,
): Conv2d | null {
  if (inChannels === outChannels) return null;
  const shortcut = new Conv2d({
    inChannels,
    outChannels,
    kernelSize: 1,
    stride,
    bias: false,
    norm: getNorm(norm, outChannels),
  });
  init.c2MSRAFill(shortcut);
  return shortcut;
}
