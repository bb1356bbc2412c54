import {
  instantiate,
  instantiateAsync,
  lazy,
  LazyConstructionError,
  LazyMembershipError,
  LazyPromiseError,
  LazyReferenceError,
} from "@detectron-ts/config";
import { describe, expect, it } from "vitest";
import { caught } from "../caught.ts";
import { Loader, makeStages, Net, OtherNet, Pyramid, readSamples, Stem } from "./network.ts";

const options = { inFeatures: ["res2"], outChannels: 8 };

describe("instantiate", () => {
  it("constructs from the leaves up, classes by new and functions by a call", () => {
    const net = instantiate(
      lazy(Net, {
        stem: lazy(Stem, { norm: "GN" }),
        stages: lazy(makeStages, { depth: 50 }),
        outFeatures: ["res2"],
      }),
    );
    expect(net).toBeInstanceOf(Net);
    expect(net.options.stem).toEqual(new Stem({ norm: "GN" }));
    expect(net.options.stages).toEqual([[50], [50, 50]]);
  });

  it("leaves the tree as it was, to be instantiated again", () => {
    const node = lazy(Pyramid, { bottomUp: lazy(OtherNet, { width: 1 }), ...options });
    const [first, second] = [instantiate(node), instantiate(node)];
    expect(first).toEqual(second);
    expect(first.options.bottomUp).not.toBe(second.options.bottomUp);
  });

  it("constructs an object for each place of a node that stands in two", () => {
    const shared = lazy(OtherNet, { width: 1 });
    const both = lazy(Pyramid, { bottomUp: shared, heads: [shared], ...options });
    shared.width = 7;
    const { bottomUp, heads } = instantiate(both).options;
    expect([bottomUp, heads?.[0]]).toEqual([
      new OtherNet({ width: 7 }),
      new OtherNet({ width: 7 }),
    ]);
    expect(bottomUp).not.toBe(heads?.[0]);
  });

  it("follows references, which count dots from the option outwards", () => {
    const tree = {
      width: 3,
      model: {
        width: 4,
        nets: [lazy(OtherNet, { width: "${...width}" }), lazy(OtherNet, { width: "${width}" })],
        again: "${.nets.0}" as const,
      },
    };
    const { model } = instantiate(tree);
    expect(model.nets.map(({ width }) => width)).toEqual([4, 3]);
    expect(model.again).toEqual(new OtherNet({ width: 4 }));
  });

  it("follows a reference to a reference from where that stands", () => {
    const tree = {
      a: { b: { c: "${..d}" as const }, d: "${e}" as const },
      e: 5,
      f: "${a.b.c}" as const,
    };
    expect(instantiate(tree)).toEqual({ a: { b: { c: 5 }, d: 5 }, e: 5, f: 5 });
  });

  it("looks references up in the whole tree for a part of it", () => {
    const cfg = {
      dataset: { name: "train" },
      loader: lazy(OtherNet, { width: "${..size}" }),
      size: 9,
    };
    const { loader } = cfg;
    loader.width = "${size}";
    expect(instantiate(loader, { within: cfg }).width).toBe(9);
    expect(caught(LazyMembershipError, () => instantiate(lazy(Stem), { within: cfg })).target).toBe(
      "Stem",
    );
  });

  it("says where a reference fails, and what it may have meant", () => {
    const error = caught(LazyReferenceError, () =>
      instantiate({ heads: [lazy(OtherNet, { width: "${...wdth}" })], width: 3 }),
    );
    expect(error).toMatchObject({
      path: "heads.0.width",
      reference: "${...wdth}",
      suggestions: ["width"],
    });
    const fails = (value: `\${${string}}`): string =>
      caught(LazyReferenceError, () => instantiate({ a: lazy(OtherNet, { width: value }) })).reason;
    expect(fails("${...width}")).toMatch("climbs 3 levels, and there are 2");
    expect(fails("${.width}")).toMatch("back to itself");
    expect(fails("${a}")).toMatch("a branch that it is part of");
    expect(fails("${..}")).toMatch("names nothing");
  });

  it("says which node fails, with what it threw", () => {
    const net = lazy(Net, {
      stem: lazy(Stem),
      stages: lazy(makeStages, { depth: 999 }),
      outFeatures: [],
    });
    const error = caught(LazyConstructionError, () => instantiate({ model: { net } }));
    expect(error).toMatchObject({ path: "model.net.stages", target: "makeStages" });
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it("leaves values as they are that are no part of the tree", () => {
    const stem = new Stem();
    const tree = { stem, make: makeStages, date: new Date(0), none: null, nothing: undefined };
    expect(instantiate(tree)).toEqual(tree);
    expect(instantiate(tree).stem).toBe(stem);
  });
});

describe("instantiateAsync", () => {
  it("waits for what takes time, one after the other", async () => {
    const loader = await instantiateAsync(
      lazy(Loader, { samples: lazy(readSamples, { name: "train" }) }),
    );
    expect(loader.samples).toEqual(["train/1", "train/2"]);
    expect(await instantiate(lazy(readSamples, { name: "val" }))).toEqual(["val/1", "val/2"]);
  });

  it("is what an immediate construction asks for", () => {
    const loader = lazy(Loader, { samples: lazy(readSamples, { name: "train" }) });
    expect(caught(LazyPromiseError, () => instantiate(loader))).toMatchObject({
      path: "samples",
      target: "readSamples",
    });
  });

  it("says which promise is rejected", async () => {
    const loader = lazy(Loader, { samples: lazy(readSamples, { name: "missing" }) });
    await expect(instantiateAsync({ train: loader })).rejects.toMatchObject({
      name: "LazyConstructionError",
      path: "train.samples",
      message: expect.stringContaining("no such dataset"),
    });
  });
});
