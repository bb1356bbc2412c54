import type { AnyModule } from "@detectron-ts/nn";

/** The tree of a model's modules with their options, one a line; the same as `String(model)`. */
export function modelStructure(model: AnyModule): string {
  return model.toString();
}
