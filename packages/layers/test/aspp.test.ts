import "@detectron-ts/runtime";
import { LayerOptionError, relu } from "@detectron-ts/nn";
import { grad, ones, Parameter, realize, tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import { ASPP, type ASPPOptions, DepthwiseSeparableConv2d, LayerShapeError } from "../src/index.ts";

interface Case extends Partial<Omit<ASPPOptions, "activation">> {
  readonly name: string;
  readonly kind: "ASPP" | "DepthwiseSeparableConv2d";
}

const golden = loadGolden<{ readonly cases: readonly Case[] }>(
  new URL("./golden/aspp", import.meta.url),
);
const usual = {
  inChannels: 4,
  outChannels: 3,
  dilations: [1, 2, 3],
  norm: "BN",
  activation: relu,
} as const;

function layerOf({ kind, name: _name, ...options }: Case): ASPP | DepthwiseSeparableConv2d {
  if (kind === "ASPP") return new ASPP({ ...usual, ...options });
  return new DepthwiseSeparableConv2d({
    inChannels: 4,
    outChannels: 6,
    kernelSize: 5,
    padding: 2,
    norm2: "BN",
    activation2: relu,
  });
}

describe("atrous spatial pyramids", () => {
  test.each(golden.json.cases)(
    "have detectron2's parameters, output and gradients: $name",
    async (recorded) => {
      const layer = layerOf(recorded);
      const prefix = `${recorded.name}.parameter.`;
      const parameters = [...golden.tensors.keys()].filter((key) => key.startsWith(prefix));
      const names = parameters.map((key) => key.slice(prefix.length));
      expect([...layer.namedParameters().keys()].sort()).toEqual(names.toSorted());
      for (const name of names) {
        layer
          .namedParameters()
          .get(name)!
          .set(golden.float32(prefix + name).data);
      }

      const load = (name: string) => golden.float32(`${recorded.name}.${name}`);
      const { data, shape } = load("input");
      const input = new Parameter(data, shape);
      const output = layer.train()(input).keep();
      const weights = load("grad_output");
      const wanted = names.map((name) => layer.namedParameters().get(name)!);
      const loss = output.mul(tensor(weights.data, { shape: weights.shape })).sum();
      const [inputGradient, ...gradients] = grad(loss, [input, ...wanted]);
      await realize(output, inputGradient, ...gradients);

      const closely = { atol: 1e-5, rtol: 1e-5 };
      expect(output.dataSync()).toBeAllclose(load("output").data, closely);
      expect(inputGradient.dataSync()).toBeAllclose(load("grad_input").data, closely);
      for (const [i, name] of names.entries()) {
        expect(gradients[i].dataSync()).toBeAllclose(load(`gradient.${name}`).data, closely);
      }
    },
  );

  test("drop values in training alone", async () => {
    const layer = new ASPP({ ...usual, norm: "", activation: null, dropout: 0.5 });
    const zeros = async () =>
      (await layer(ones([1, 4, 8, 8])).data()).filter((value) => Number(value) === 0).length;
    layer.eval();
    expect(await zeros()).toBe(0);
    layer.train();
    expect(await zeros()).toBeGreaterThan(0);
  });

  test("an empty batch stays one", async () => {
    const output = new ASPP(usual).eval()(ones([0, 4, 8, 8]));
    expect(output.shape).toEqual([0, 3, 8, 8]);
    expect(await output.data()).toHaveLength(0);
  });

  test("windows that don't divide the map, dilations that aren't three and unknown norms are refused", () => {
    const windows = new ASPP({ ...usual, poolKernelSize: [4, 5] });
    expect(() => windows(ones([1, 4, 8, 8]))).toThrow(LayerShapeError);
    const two = [1, 2] as unknown as ASPPOptions["dilations"];
    expect(() => new ASPP({ ...usual, dilations: two })).toThrow(LayerOptionError);
    expect(() => new ASPP({ ...usual, norm: "XN" })).toThrow(LayerOptionError);
  });
});
