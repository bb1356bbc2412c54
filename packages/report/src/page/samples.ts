import { SampleImageError } from "../errors.ts";
import { markup, type Markup } from "../html.ts";

/** A picture of the report, such as predictions drawn onto an image. */
export interface SampleImage {
  /** The bytes of a PNG, JPEG or WebP file. */
  readonly image: Uint8Array;
  readonly caption?: string;
}

/** The beginnings of files, in Latin-1. A WebP's fifth to eighth bytes are its size. */
const SIGNATURES: readonly [signature: RegExp, mediaType: string][] = [
  [/^\x89PNG\r\n/, "image/png"],
  [/^\xFF\xD8\xFF/, "image/jpeg"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
];

/**
 * Pictures in a grid; one that is clicked fills the window.
 *
 * @throws SampleImageError.
 */
export function sampleGrid(samples: readonly SampleImage[]): Markup {
  return markup`<div class="samples">${samples.map(({ image, caption = "" }, index) => {
    const type = mediaType(image);
    if (type === undefined) throw new SampleImageError(index, caption, [...image.subarray(0, 4)]);
    const base64 = Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString("base64");
    return markup`<figure><label><input type="checkbox" aria-label="enlarge"><img src="data:${type};base64,${base64}" alt="${caption}" loading="lazy"></label>${caption !== "" && markup`<figcaption>${caption}</figcaption>`}</figure>\n`;
  })}</div>`;
}

function mediaType(image: Uint8Array): string | undefined {
  const beginning = Buffer.from(image.subarray(0, 12)).toString("latin1");
  return SIGNATURES.find(([signature]) => signature.test(beginning))?.[1];
}
