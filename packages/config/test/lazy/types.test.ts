import { assign, instantiate, lazy, lazyPartial, optionsWithout } from "@detectron-ts/config";
import { describe, expect, expectTypeOf, it } from "vitest";
import { Loader, makeStages, Net, OtherNet, Pyramid, readSamples, Stem } from "./network.ts";

function tree() {
  return lazy(Pyramid, {
    bottomUp: lazy(Net, {
      stem: lazy(Stem, { norm: "FrozenBN" }),
      stages: lazy(makeStages, { depth: 50 }),
      outFeatures: ["res2", "res3"],
    }),
    inFeatures: "${.bottomUp.outFeatures}",
    outChannels: 256,
    fuse: "sum",
    weights: [10, 5],
    shapes: { p2: { channels: "${...outChannels}", stride: 4 } },
    heads: [lazy(OtherNet, { width: 1 }), lazy(OtherNet, { width: 2 })],
  });
}

describe("the types of a tree", () => {
  it("know each option through nested nodes", () => {
    const pyramid = tree();
    expectTypeOf(pyramid.bottomUp.stages.depth).toEqualTypeOf<number>();
    expectTypeOf(pyramid.bottomUp.stem.norm).toEqualTypeOf<string>();
    expectTypeOf(pyramid.bottomUp.outFeatures).toEqualTypeOf<readonly string[]>();
    expectTypeOf(pyramid.fuse).toEqualTypeOf<"sum" | "avg">();
    expectTypeOf(pyramid.weights).toEqualTypeOf<readonly [dx: number, dy: number]>();
    expectTypeOf(pyramid.heads[0].width).toEqualTypeOf<number>();
    pyramid.bottomUp.stages.depth = 101;
    pyramid.bottomUp.freezeAt = 2; // left out above
    pyramid.outChannels *= 2;
    pyramid.norm = (channels) => new Stem({ norm: `${channels}` });
    expect(pyramid.bottomUp.stages.depth).toBe(101);
  });

  it("know what is constructed", () => {
    expectTypeOf(instantiate(tree())).toEqualTypeOf<Pyramid>();
    expectTypeOf(instantiate(lazy(makeStages, { depth: 1 }))).toEqualTypeOf<number[][]>();
    const both = instantiate({ net: lazy(OtherNet, { width: 3 }), rest: [lazy(Stem)] });
    expectTypeOf(both.net).toEqualTypeOf<OtherNet>();
    expectTypeOf(both.rest).toEqualTypeOf<Stem[]>();
    expect(both.net.width).toBe(3);
  });

  it("refuse what the target doesn't take", () => {
    // @ts-expect-error the depth is a number
    lazy(makeStages, { depth: "50" });
    // @ts-expect-error there is no such option
    lazy(makeStages, { depth: 50, dept: 50 });
    // @ts-expect-error nor beside optional ones
    lazy(Stem, { nrom: "BN" });
    // @ts-expect-error the depth is required
    lazy(makeStages, {});
    // @ts-expect-error and so are options at all
    lazy(makeStages);
    const wanted = { inFeatures: ["res2"], outChannels: 8 };
    // @ts-expect-error a Stem is no feature extractor
    lazy(Pyramid, { bottomUp: lazy(Stem), ...wanted });
    // @ts-expect-error nor are stages
    lazy(Pyramid, { bottomUp: lazy(makeStages, { depth: 50 }), ...wanted });
    // @ts-expect-error one of sum and avg
    lazy(Pyramid, { bottomUp: lazy(OtherNet, { width: 1 }), fuse: "max", ...wanted });
    // @ts-expect-error two weights
    lazy(Pyramid, { bottomUp: lazy(OtherNet, { width: 1 }), weights: [1], ...wanted });
    // @ts-expect-error a constructor with two parameters takes no object of options
    lazy(RegExp, {});
    expect(tree().outChannels).toBe(256);
  });

  it("let a promise of a value stand for the value", () => {
    const loader = lazy(Loader, { samples: lazy(readSamples, { name: "train" }) });
    expectTypeOf(loader.samples.name).toEqualTypeOf<string>();
    // @ts-expect-error a promise of something else doesn't
    lazy(Loader, { samples: lazy(async ({ n }: { n: number }) => n, { n: 1 }) });
    expect(loader.samples.name).toBe("train");
  });

  it("let values stand beside nodes, and nodes in data", () => {
    const node = lazy(Pyramid, {
      bottomUp: new OtherNet({ width: 1 }),
      inFeatures: [],
      outChannels: lazy(() => 8),
      shapes: { p2: lazy(({ stride }: { stride: number }) => ({ stride }), { stride: 4 }) },
    });
    expect(instantiate(node).options).toMatchObject({
      outChannels: 8,
      shapes: { p2: { stride: 4 } },
    });
  });

  it("change with a node of another class", () => {
    const pyramid = assign(tree(), {
      bottomUp: lazy(OtherNet, { width: 5 }),
      inFeatures: ["res2"],
    });
    expectTypeOf(pyramid.bottomUp.width).toEqualTypeOf<number>();
    expectTypeOf(instantiate(pyramid).options.outChannels).toEqualTypeOf<number>();
    expectTypeOf(instantiate(pyramid)).toEqualTypeOf<Pyramid>();
    // @ts-expect-error not an extractor
    assign(tree(), { bottomUp: lazy(Stem) });
    // @ts-expect-error no such option
    assign(tree(), { bottom: lazy(OtherNet, { width: 5 }) });
    expect(instantiate(pyramid).options.bottomUp).toBeInstanceOf(OtherNet);
  });

  it("let a node's options go over to another target", () => {
    const shared = optionsWithout(tree().bottomUp, "outFeatures", "freezeAt");
    expectTypeOf(shared).not.toHaveProperty("outFeatures");
    expect(Object.keys(shared)).toEqual(["stem", "stages"]);
    const node = lazy(Net, { ...shared, outFeatures: ["res2"] });
    expectTypeOf(node.stages.depth).toEqualTypeOf<number>();
    expect(node.outFeatures).toEqual(["res2"]);
  });

  it("let options be left out on purpose", () => {
    const later = lazyPartial(makeStages, {});
    later.depth = 18;
    // @ts-expect-error still a number
    later.depth = "18";
    later.depth = 18;
    expect(instantiate(later)).toEqual([[18], [18, 18]]);
  });
});
