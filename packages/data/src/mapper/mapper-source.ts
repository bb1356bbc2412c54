import { MapperSourceError } from "../errors.ts";
import type { DatasetMapper } from "./dataset-mapper.ts";

/** What loaders need of a {@link DatasetMapper}: any object that maps images as it does. */
export type InputMapper = Pick<DatasetMapper, "map">;

/**
 * How to make a mapper. Threads cannot be handed a mapper, so each makes its own: it imports a module and calls a function that
 * the module exports.
 *
 * ```ts
 * // my-mapper.ts
 * export function createMapper(minSize: number): InputMapper {
 *   return new DatasetMapper({
 *     isTrain: true,
 *     augmentations: [new ResizeShortestEdge({ shortEdgeLength: minSize })],
 *   });
 * }
 *
 * // train.ts
 * const mapper = { module: new URL("./my-mapper.ts", import.meta.url), argument: 640 };
 * const loader = await buildDetectionTrainLoader(cfg, { mapper, numWorkers: 2 });
 * ```
 */
export interface MapperSource {
  /** Address of the module: `new URL("./…", import.meta.url)`, or what `import.meta.resolve` says of a package. */
  readonly module: string | URL;
  /** The function it exports, `"createMapper"` by default. It returns the mapper, or a promise of it. */
  readonly exportName?: string;
  /** What the function is called with: plain data, which `structuredClone` can copy. */
  readonly argument?: unknown;
}

/** Whether this says how to make a mapper, and is none itself. */
export function isMapperSource(mapper: InputMapper | MapperSource): mapper is MapperSource {
  return "module" in mapper;
}

/**
 * Makes the mapper in the calling thread.
 *
 * @throws MapperSourceError when the module cannot be imported, or its function does not return a mapper.
 */
export async function createMapperFrom({
  module,
  exportName = "createMapper",
  argument,
}: MapperSource): Promise<InputMapper> {
  const address = String(module);
  const create = await importFunction(address, exportName);
  const mapper = await create(argument);
  if (!isMapper(mapper)) {
    throw new MapperSourceError(address, exportName, "does not return an object with a method map");
  }
  return mapper;
}

async function importFunction(
  address: string,
  exportName: string,
): Promise<(argument: unknown) => unknown> {
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await import(address);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MapperSourceError(address, exportName, `cannot be imported: ${reason}`, { cause });
  }
  const value = exports[exportName];
  if (!isFunction(value)) {
    const names = Object.keys(exports).join(", ") || "nothing";
    throw new MapperSourceError(
      address,
      exportName,
      `is not an exported function; exported are ${names}`,
    );
  }
  return value;
}

function isFunction(value: unknown): value is (argument: unknown) => unknown {
  return typeof value === "function";
}

function isMapper(value: unknown): value is InputMapper {
  return (
    typeof value === "object" && value !== null && "map" in value && typeof value.map === "function"
  );
}
