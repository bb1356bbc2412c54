import { getCfg } from "@detectron-ts/config";
import {
  DefaultPredictor,
  MissingWeightsError,
  PredictorImageError,
  type PredictorModel,
} from "@detectron-ts/engine";
import type { ModelInput } from "@detectron-ts/modeling";
import { ResizeShortestEdge } from "@detectron-ts/transforms";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

/** A predictor around a model that gives back its input. */
function echo(inputFormat = "BGR") {
  let training = true;
  const model: PredictorModel<ModelInput> = {
    inputFormat,
    eval: () => (training = false),
    inference: (inputs) => Promise.resolve([...inputs]),
  };
  const resize = new ResizeShortestEdge({ shortEdgeLength: 4, maxSize: 6 });
  return { predictor: new DefaultPredictor({ model, resize }), isTraining: () => training };
}

/** Two rows of four pixels; blue is the column, green the row, red 100. */
function image() {
  const pixels = [0, 1].flatMap((y) => [0, 1, 2, 3].flatMap((x) => [x, y, 100]));
  return ndarray(Uint8Array.from(pixels), [2, 4, 3]);
}

describe("DefaultPredictor", () => {
  it("gives the model a resized image and the size of the original", async () => {
    const { height, width, image: input } = await echo().predictor.predict(image());
    expect([height, width]).toEqual([2, 4]);
    // The shorter side would be 4, but then the longer one would exceed 6.
    expect(input.shape).toEqual([3, 3, 6]);
  });

  it("puts channels first, in the model's order", () => {
    const { model } = echo().predictor;
    const resize = new ResizeShortestEdge({ shortEdgeLength: 0 });
    const blue = [0, 1, 2, 3, 0, 1, 2, 3];
    const green = [0, 0, 0, 0, 1, 1, 1, 1];
    const red = blue.map(() => 100);
    const planes = (inputFormat: string) => {
      const predictor = new DefaultPredictor({ model: { ...model, inputFormat }, resize });
      return predictor.preprocess(image()).image;
    };
    expect(planes("BGR")).toBeAllclose(ndarray([...blue, ...green, ...red], [3, 2, 4]));
    expect(planes("RGB")).toBeAllclose(ndarray([...red, ...green, ...blue], [3, 2, 4]));
  });

  it("takes views of larger images", () => {
    const resize = new ResizeShortestEdge({ shortEdgeLength: 0 });
    const predictor = new DefaultPredictor({ model: echo().predictor.model, resize });
    const { image: input } = predictor.preprocess(image().lo(1, 2, 0));
    expect(input).toBeAllclose(ndarray([2, 3, 1, 1, 100, 100], [3, 1, 2]));
  });

  it("takes the model out of training", () => {
    expect(echo().isTraining()).toBe(false);
  });

  it.each([
    ["a gray image", ndarray(new Uint8Array(16), [4, 4])],
    ["transparency", ndarray(new Uint8Array(64), [4, 4, 4])],
    ["channels first", ndarray(new Uint8Array(48), [3, 4, 4])],
    ["no pixels", ndarray(new Uint8Array(0), [0, 4, 3])],
  ])("refuses %s", async (_, wrong) => {
    await expect(echo().predictor.predict(wrong)).rejects.toThrow(PredictorImageError);
  });

  it("refuses to predict with random weights", async () => {
    await expect(DefaultPredictor.create(getCfg())).rejects.toThrow(MissingWeightsError);
  });
});
