/** Shows what the current storage holds. Mirrors `detectron2.utils.events.EventWriter`. */
export interface EventWriter {
  /**
   * Writes what is new in the current storage.
   *
   * @throws NoEventStorageError when there is none.
   */
  write(): void | Promise<void>;
  /** Ends the writer; nothing can be written after it. */
  close(): void | Promise<void>;
}
