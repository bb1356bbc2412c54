import { NotConfigurableError } from "./errors.ts";

/**
 * A class that is constructed from one object of explicit options, and whose static `fromConfig` reads those options from
 * a config. The constructor never sees the config; `fromConfig` constructs nothing. Mirrors detectron2's `@configurable`.
 *
 * @typeParam Args What `fromConfig` needs: the config and whatever it can't know, such as the input's shape.
 */
export interface Configurable<Args extends readonly unknown[], Options extends object, Instance> {
  new (options: Options): Instance;
  fromConfig(...args: Args): Options;
}

/**
 * Constructs a {@link Configurable} class from a config, with some options overridden.
 *
 * | detectron2 | here |
 * |---|---|
 * | `RPN(head=head, …)` | `new RPN({ head, … })` |
 * | `RPN(cfg, shape)` | `configure(RPN, [cfg, shape])` |
 * | `RPN(cfg, shape, nms_thresh=0.5)` | `configure(RPN, [cfg, shape], { nmsThresh: 0.5 })` |
 *
 * An override that is undefined keeps the config's option.
 *
 * @param args What `Class.fromConfig` takes.
 * @throws NotConfigurableError when the class has no static `fromConfig`.
 */
export function configure<Args extends readonly unknown[], Options extends object, Instance>(
  Class: Configurable<Args, Options, Instance>,
  args: Args,
  overrides: Partial<Options> = {},
): Instance {
  if (typeof Class.fromConfig !== "function") throw new NotConfigurableError(Class.name);
  const options = Class.fromConfig(...args);
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return new Class({ ...options, ...Object.fromEntries(given) });
}
