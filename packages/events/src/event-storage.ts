import { AsyncStack } from "./async-stack.ts";
import { NoEventStorageError, SmoothingHintError, UnknownScalarError } from "./errors.ts";
import { makeHistogram, type Histogram } from "./histogram.ts";
import { HistoryBuffer } from "./history-buffer.ts";
import { toPixels, type EventImage, type Pixels } from "./image.ts";

/** Options of {@link EventStorage.putScalar}. */
export interface PutScalarOptions {
  /** Whether the scalar is noisy, so that writers show a median of it; true when left out. */
  readonly smoothingHint?: boolean;
  /** The iteration it belongs to; the storage's own when left out. */
  readonly iter?: number;
}

/** A scalar's latest value, as recorded or smoothed, and the iteration that value was recorded in. */
export interface LatestScalar {
  readonly value: number;
  readonly iter: number;
}

/** An image waiting for a writer. */
export interface StoredImage {
  readonly name: string;
  readonly iter: number;
  readonly pixels: Pixels;
}

/** A histogram waiting for a writer. */
export interface StoredHistogram {
  readonly name: string;
  readonly iter: number;
  readonly histogram: Histogram;
}

interface DeferredRecord {
  readonly prefix: string;
  readonly record: () => void | Promise<void>;
}

const storages = new AsyncStack<EventStorage>();

/**
 * The storage that is current where this is called.
 *
 * @throws NoEventStorageError when there is none.
 */
export function getEventStorage(): EventStorage {
  const storage = storages.top;
  if (storage === undefined) throw new NoEventStorageError();
  return storage;
}

/** Whether {@link getEventStorage} would find a storage. */
export function hasEventStorage(): boolean {
  return storages.top !== undefined;
}

/**
 * What happens in training: scalars with their histories, images and histograms, for writers to show. Mirrors
 * `detectron2.utils.events.EventStorage`.
 *
 * A storage is current from its construction to its disposal, in the task that made it and in all that this task
 * starts or awaits. Storages stack: disposing one brings back the one before.
 *
 * @example
 * using storage = new EventStorage(startIter);
 * getEventStorage().putScalar("total_loss", 0.5);
 */
export class EventStorage implements Disposable {
  #iter: number;
  #prefix = "";
  readonly #histories = new Map<string, HistoryBuffer>();
  readonly #smoothingHints = new Map<string, boolean>();
  readonly #latest = new Map<string, LatestScalar>();
  #images: StoredImage[] = [];
  #histograms: StoredHistogram[] = [];
  #deferred: DeferredRecord[] = [];
  readonly #leave: () => void;

  /** @param startIter The iteration to start with. */
  constructor(startIter = 0) {
    this.#iter = startIter;
    this.#leave = storages.enter(this);
  }

  /** Ends being the current storage. What was recorded can still be read; what {@link defer} put off is dropped. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#deferred = [];
  }

  /**
   * Runs a function, sync or async, in which this storage is current, even after disposal or in another task.
   *
   * @returns What the function returns.
   */
  run<R>(fn: () => R): R {
    return storages.run(this, fn);
  }

  /**
   * The iteration that new data belongs to. Trainers set it before each step, whereby what {@link defer} put off and
   * nobody settled is dropped.
   */
  get iter(): number {
    return this.#iter;
  }

  set iter(iter: number) {
    this.#iter = iter;
    this.#deferred = [];
  }

  /** Goes on to the next iteration, for loops that do not set {@link iter}. */
  step(): void {
    this.iter += 1;
  }

  /**
   * Records a scalar.
   *
   * @throws SmoothingHintError when it was put with another hint before; then nothing is recorded.
   */
  putScalar(
    name: string,
    value: number,
    { smoothingHint = true, iter = this.#iter }: PutScalarOptions = {},
  ): void {
    const fullName = this.#prefix + name;
    const hint = this.#smoothingHints.get(fullName) ?? smoothingHint;
    if (hint !== smoothingHint) throw new SmoothingHintError(fullName, smoothingHint, hint);
    let history = this.#histories.get(fullName);
    if (history === undefined) this.#histories.set(fullName, (history = new HistoryBuffer()));
    history.update(value, iter);
    this.#latest.set(fullName, { value, iter });
    this.#smoothingHints.set(fullName, hint);
  }

  /** Records several scalars; see {@link putScalar}. */
  putScalars(values: Readonly<Record<string, number>>, options?: PutScalarOptions): void {
    for (const [name, value] of Object.entries(values)) this.putScalar(name, value, options);
  }

  /**
   * Records a copy of an image, to be shown in TensorBoard. Images are kept until a writer takes them.
   *
   * @throws EventImageError when it is not [1 or 3, height, width].
   */
  putImage(name: string, image: EventImage): void {
    const fullName = this.#prefix + name;
    this.#images.push({ name: fullName, iter: this.#iter, pixels: toPixels(fullName, image) });
  }

  /**
   * Records how values are distributed, to be shown in TensorBoard. Histograms are kept until a writer takes them.
   *
   * @param options.bins Number of equal intervals between the smallest and the largest value; 1000 when left out.
   * @throws HistogramError when there are no values, or not all are finite.
   */
  putHistogram(
    name: string,
    values: ArrayLike<number>,
    { bins = 1000 }: { readonly bins?: number } = {},
  ): void {
    const fullName = this.#prefix + name;
    const histogram = makeHistogram(fullName, values, bins);
    this.#histograms.push({ name: fullName, iter: this.#iter, histogram });
  }

  /**
   * Puts `name/` before the names of all that is recorded until the result is disposed of. It replaces the scope
   * around it: scopes do not nest.
   *
   * @example
   * using scope = storage.nameScope("stage1");
   */
  nameScope(name: string): Disposable {
    const outer = this.#prefix;
    this.#prefix = `${name.replace(/\/+$/, "")}/`;
    return { [Symbol.dispose]: () => void (this.#prefix = outer) };
  }

  /**
   * Puts off a recording until {@link settle}: for what depends on tensors that are lazy while losses are built, and
   * have values once these have been computed. It is called with the present {@link nameScope}.
   *
   * It belongs to this iteration: if that ends without being settled, as when a step fails, it is dropped.
   *
   * @example
   * scores.keep(); // so that computing the loss gives their values too
   * storage.defer(() => storage.putScalar("accuracy", accuracy(scores.dataSync())));
   */
  defer(record: () => void | Promise<void>): void {
    this.#deferred.push({ prefix: this.#prefix, record });
  }

  /**
   * Calls what {@link defer} put off, one after the other. Trainers do so when losses and gradients have been computed.
   *
   * @throws Whatever one of them throws; those after it are dropped.
   */
  async settle(): Promise<void> {
    const deferred = this.#deferred;
    this.#deferred = [];
    const outer = this.#prefix;
    try {
      for (const { prefix, record } of deferred) {
        this.#prefix = prefix;
        await record();
      }
    } finally {
      this.#prefix = outer;
    }
  }

  /** @throws UnknownScalarError when nothing was put under the name. */
  history(name: string): HistoryBuffer {
    const history = this.#histories.get(name);
    if (history === undefined) throw new UnknownScalarError(name, [...this.#histories.keys()]);
    return history;
  }

  /** The histories of all scalars, in the order these were first put. */
  histories(): ReadonlyMap<string, HistoryBuffer> {
    return this.#histories;
  }

  /** The latest value of every scalar. */
  latest(): ReadonlyMap<string, LatestScalar> {
    return this.#latest;
  }

  /**
   * The latest value of every scalar; for those put with `smoothingHint`, the median over the last `windowSize`
   * iterations that it was recorded in instead.
   */
  latestWithSmoothingHint(windowSize = 20): Map<string, LatestScalar> {
    const result = new Map<string, LatestScalar>();
    for (const [name, { value, iter }] of this.#latest) {
      const smoothed = this.#smoothingHints.get(name) === true;
      const shown = smoothed ? this.history(name).smoothed(windowSize) : value;
      result.set(name, { value: shown, iter });
    }
    return result;
  }

  /** Which scalars are noisy, by name. */
  smoothingHints(): ReadonlyMap<string, boolean> {
    return this.#smoothingHints;
  }

  /** The images put since {@link clearImages}. */
  images(): readonly StoredImage[] {
    return this.#images;
  }

  /** Drops all images; for the writer that has written them. */
  clearImages(): void {
    this.#images = [];
  }

  /** The histograms put since {@link clearHistograms}. */
  histograms(): readonly StoredHistogram[] {
    return this.#histograms;
  }

  /** Drops all histograms; for the writer that has written them. */
  clearHistograms(): void {
    this.#histograms = [];
  }
}
