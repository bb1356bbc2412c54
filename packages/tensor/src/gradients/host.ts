import { NotDifferentiableError } from "../errors.ts";
import { zeros } from "../functions/creation.ts";
import { hostOp } from "../functions/host.ts";
import { allocate, sizeOf } from "../dtype.ts";
import type { VjpRules } from "./vjp-rule.ts";

/** Gradient of a host operation: its own `backward`, as another host operation. */
export const hostGradients: VjpRules<"host"> = {
  host: ({ inputs, outputs, attrs: { definition }, grads }) => {
    const { name, backward } = definition;
    if (backward === undefined) {
      throw new NotDifferentiableError(name, "this host operation has no backward");
    }
    const gradOutputs = outputs.map((output, i) => grads[i] ?? zeros(output.shape, output.dtype));
    return hostOp({
      name: `${name}Backward`,
      inputs: [...gradOutputs, ...inputs, ...outputs],
      outputs: inputs.map(({ shape }) => ({ shape, dtype: "float32" })),
      forward: (values) => {
        const inputsFrom = gradOutputs.length;
        const outputsFrom = inputsFrom + inputs.length;
        const results = backward(
          values.slice(0, inputsFrom),
          values.slice(inputsFrom, outputsFrom),
          values.slice(outputsFrom),
        );
        return results.map((result, i) => result ?? allocate("float32", sizeOf(inputs[i].shape)));
      },
    });
  },
};
