/**
 * About how wide a text is, in pixels: SVG has no layout, and a chart must leave room without measuring. The mean width of
 * wide fonts' letters and digits, so that a text in most fonts is a little narrower.
 */
export function textWidth(text: string, fontSize: number): number {
  return text.length * fontSize * 0.62;
}
