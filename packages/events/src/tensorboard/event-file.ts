import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Histogram } from "../histogram.ts";
import type { Pixels } from "../image.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { encodePng } from "./png.ts";
import { MessageWriter } from "./protobuf.ts";

/** Files made by this process, so that two made in one second differ in name. */
let numFiles = 0;

/**
 * A TensorBoard event file: a sequence of `Event` messages (tensorflow/core/util/event.proto), each framed as a
 * TFRecord. Field numbers are those of `Event`, `Summary`, `Summary.Value`, `Summary.Image` and `HistogramProto`.
 */
export class EventFile {
  readonly #file: number;

  /** Makes a new file in a folder, which is made when absent. */
  constructor(logDir: string) {
    mkdirSync(logDir, { recursive: true });
    const seconds = Math.floor(Date.now() / 1000);
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${numFiles++}`;
    this.#file = openSync(join(logDir, name), "wx");
    this.#append(event().string(3, "brain.Event:2"));
  }

  scalar(tag: string, value: number, step: number): void {
    this.#summary(new MessageWriter().string(1, tag).float(2, value), step);
  }

  image(tag: string, pixels: Pixels, step: number): void {
    const image = new MessageWriter()
      .int64(1, pixels.height)
      .int64(2, pixels.width)
      .int64(3, pixels.channels)
      .bytes(4, encodePng(pixels));
    this.#summary(new MessageWriter().string(1, tag).message(4, image), step);
  }

  histogram(tag: string, histogram: Histogram, step: number): void {
    const message = new MessageWriter()
      .double(1, histogram.min)
      .double(2, histogram.max)
      .double(3, histogram.num)
      .double(4, histogram.sum)
      .double(5, histogram.sumSquares)
      .packedDoubles(6, histogram.bucketLimits)
      .packedDoubles(7, histogram.bucketCounts);
    this.#summary(new MessageWriter().string(1, tag).message(5, message), step);
  }

  /** Hands all that was written to the disk. */
  flush(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  #summary(value: MessageWriter, step: number): void {
    this.#append(event().int64(2, step).message(5, new MessageWriter().message(1, value)));
  }

  /** One record: length, checksum of the length, content, checksum of the content; all little-endian. */
  #append(message: MessageWriter): void {
    const content = message.finish();
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(content.length));
    writeSync(this.#file, Buffer.concat([length, checksum(length), content, checksum(content)]));
  }
}

/** An event with the present time. */
function event(): MessageWriter {
  return new MessageWriter().double(1, Date.now() / 1000);
}

function checksum(bytes: Buffer): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32LE(maskedCrc32c(bytes));
  return result;
}
