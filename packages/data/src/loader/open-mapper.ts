import type { Generator } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError } from "../errors.ts";
import type { MappedInput } from "../mapper/dataset-mapper.ts";
import {
  createMapperFrom,
  isMapperSource,
  type InputMapper,
  type MapperSource,
} from "../mapper/mapper-source.ts";
import { MapperPool } from "../worker/mapper-pool.ts";

/** Where images are mapped. */
export interface WorkerOptions {
  /**
   * Threads that decode and augment beside the thread that computes; 0, the default, for none. They need a
   * {@link MapperSource}, and change nothing of what comes out.
   */
  readonly numWorkers?: number;
  /**
   * Options of Node for the threads; those of this process when left out. Below version 22.18 of Node, `["--import", "…"]`
   * names a module that makes the threads understand TypeScript.
   */
  readonly execArgv?: readonly string[];
}

/** A mapper that may hold threads, which end with its disposal. */
export interface OpenMapper extends AsyncDisposable {
  map(dict: DatasetDict, random?: Generator): Promise<MappedInput>;
}

/** What a loader maps its images with: opened where an iteration begins, closed where it ends or with the loader. */
export class MapperOpener {
  readonly #mapper: InputMapper | MapperSource;
  readonly #numWorkers: number;
  readonly #execArgv: readonly string[] | undefined;
  readonly #pools = new Set<MapperPool>();

  /** @throws DataOptionError for a number of threads that is none, or for threads without a {@link MapperSource}. */
  constructor(mapper: InputMapper | MapperSource, { numWorkers = 0, execArgv }: WorkerOptions) {
    if (!(Number.isInteger(numWorkers) && numWorkers >= 0)) {
      throw new DataOptionError("numWorkers", numWorkers, "an integer from 0");
    }
    if (numWorkers > 0 && !isMapperSource(mapper)) {
      throw new DataOptionError(
        "numWorkers",
        numWorkers,
        "0 with a mapper of one's own; threads make theirs of { module, exportName }, the address of a module and a " +
          "function in it that returns the mapper",
      );
    }
    this.#mapper = mapper;
    this.#numWorkers = numWorkers;
    this.#execArgv = execArgv;
  }

  /** @param numImages - how many are to be mapped: no more threads than that are started. */
  open(numImages = Infinity): OpenMapper {
    const mapper = this.#mapper;
    if (!isMapperSource(mapper)) return inThisThread(Promise.resolve(mapper));
    if (this.#numWorkers === 0) return inThisThread(createMapperFrom(mapper));
    const pool = new MapperPool({
      source: mapper,
      size: Math.min(this.#numWorkers, numImages),
      ...(this.#execArgv && { execArgv: this.#execArgv }),
    });
    this.#pools.add(pool);
    return {
      map: (dict, random) => pool.map(dict, random),
      [Symbol.asyncDispose]: async () => {
        this.#pools.delete(pool);
        await pool.close();
      },
    };
  }

  /** Ends the threads of all iterations that have not come to their end. */
  async close(): Promise<void> {
    const pools = [...this.#pools];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }
}

function inThisThread(mapper: Promise<InputMapper>): OpenMapper {
  // A failure is thrown where an image is mapped, and nowhere else.
  mapper.catch(() => {});
  return {
    map: async (dict, random) => (await mapper).map(dict, random),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
