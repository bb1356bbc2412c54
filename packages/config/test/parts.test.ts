import { runReadmeExample } from "@detectron-ts/testing";
import { describe, expect, expectTypeOf, it } from "vitest";

import {
  AlreadyRegisteredError,
  type Config,
  configure,
  getCfg,
  nearest,
  NotConfigurableError,
  NotRegisteredError,
  Registry,
} from "../src/index.ts";
import { caught } from "./caught.ts";

describe("Registry", () => {
  const build = (name: string) => () => name;

  it("returns what was registered under a name", () => {
    const registry = new Registry<() => string>("BACKBONE");
    const resnet = registry.register("build_resnet_backbone", build("resnet"));
    expect(registry.get("build_resnet_backbone")).toBe(resnet);
    expect(registry.has("build_resnet_backbone")).toBe(true);
    expect(registry.has("toString")).toBe(false);
    expect([...registry]).toEqual([["build_resnet_backbone", resnet]]);
  });

  it("refuses a second object under a name", () => {
    const registry = new Registry<() => string>("BACKBONE");
    registry.register("A", build("a"));
    const error = caught(AlreadyRegisteredError, () => registry.register("A", build("b")));
    expect(error).toMatchObject({ registry: "BACKBONE", entry: "A" });
    expect(registry.get("A")()).toBe("a");
  });

  it("names registry, nearest and all names when one is missing", () => {
    const registry = new Registry<() => string>("ROI_HEADS");
    registry.register("StandardROIHeads", build("s"));
    registry.register("Res5ROIHeads", build("r"));
    const error = caught(NotRegisteredError, () => registry.get("StandardRoIHead"));
    expect(error.suggestions).toEqual(["StandardROIHeads"]);
    expect(error.available).toEqual(["Res5ROIHeads", "StandardROIHeads"]);
    expect(error.message).toContain("ROI_HEADS registry. Did you mean StandardROIHeads?");
    expect(() => new Registry("EMPTY").get("x")).toThrow("It has: nothing");
  });
});

describe("configure", () => {
  interface HeadOptions {
    channels: number;
    nmsThresh: number;
    name?: string;
  }

  class Head {
    readonly options: HeadOptions;
    constructor(options: HeadOptions) {
      this.options = options;
    }
    static fromConfig(cfg: Config, channels: number): HeadOptions {
      return { channels, nmsThresh: cfg.MODEL.RPN.NMS_THRESH };
    }
  }

  it("constructs from a config, with overrides on top", () => {
    const cfg = getCfg();
    expect(new Head({ channels: 1, nmsThresh: 0.1 }).options.channels).toBe(1);
    expect(configure(Head, [cfg, 256]).options).toEqual({ channels: 256, nmsThresh: 0.7 });
    const head = configure(Head, [cfg, 256], { nmsThresh: 0.5, channels: undefined });
    expectTypeOf(head).toEqualTypeOf<Head>();
    expect(head.options).toEqual({ channels: 256, nmsThresh: 0.5 });
  });

  it("is checked by the compiler", () => {
    const cfg = getCfg();
    // @ts-expect-error fromConfig needs the channels
    expect(configure(Head, [cfg]).options.channels).toBeUndefined();
    // @ts-expect-error no such option
    configure(Head, [cfg, 256], { nmsTresh: 0.5 });
  });

  it("lets a subclass extend the map", () => {
    class NamedHead extends Head {
      static override fromConfig(cfg: Config, channels: number): HeadOptions {
        return { ...super.fromConfig(cfg, channels), name: cfg.MODEL.RPN.HEAD_NAME };
      }
    }
    const head = configure(NamedHead, [getCfg(), 8]);
    expectTypeOf(head).toEqualTypeOf<NamedHead>();
    expect(head.options.name).toBe("StandardRPNHead");
  });

  it("refuses a class without fromConfig", () => {
    class Plain {
      readonly value = 1;
    }
    const error = caught(NotConfigurableError, () =>
      // @ts-expect-error no static fromConfig
      configure(Plain, [getCfg()]),
    );
    expect(error.className).toBe("Plain");
  });
});

describe("nearest", () => {
  it("ranks by edit distance, ignoring case, and finds keys under another parent", () => {
    expect(nearest("mask_rcn", ["mask_rcnn", "Mask_RCN", "retinanet"])).toEqual([
      "Mask_RCN",
      "mask_rcnn",
    ]);
    expect(nearest("MODEL.NUM_CLASSES", ["MODEL.ROI_HEADS.NUM_CLASSES", "SEED"])).toEqual([
      "MODEL.ROI_HEADS.NUM_CLASSES",
    ]);
    expect(nearest("xyz", ["abc"])).toEqual([]);
    expect(nearest("", [])).toEqual([]);
  });
});

describe("README", () => {
  it("has an example that runs", async () => {
    const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
    expect(stdout).toContain("true [ 640, 672 ] [ 'coco_2017_train' ]");
    expect(stdout).toContain("Did you mean MODEL.ROI_HEADS.NUM_CLASSES");
  });
});
