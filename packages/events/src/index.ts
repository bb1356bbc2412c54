export {
  EmptyHistoryError,
  EventImageError,
  HistogramError,
  NoEventStorageError,
  SmoothingHintError,
  UnknownScalarError,
} from "./errors.ts";
export {
  EventStorage,
  getEventStorage,
  hasEventStorage,
  type LatestScalar,
  type PutScalarOptions,
  type StoredHistogram,
  type StoredImage,
} from "./event-storage.ts";
export type { Histogram } from "./histogram.ts";
export { HistoryBuffer, type HistoryEntry } from "./history-buffer.ts";
export type { EventImage, Pixels } from "./image.ts";
export {
  CommonMetricPrinter,
  type CommonMetricPrinterOptions,
} from "./writers/common-metric-printer.ts";
export type { EventWriter } from "./writers/event-writer.ts";
export { JSONWriter, type JSONWriterOptions } from "./writers/json-writer.ts";
export {
  TensorboardXWriter,
  type TensorboardXWriterOptions,
} from "./writers/tensorboardx-writer.ts";
