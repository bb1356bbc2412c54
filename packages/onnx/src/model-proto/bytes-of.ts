/** The bytes of a typed array, as a view. Every platform with a JavaScript engine is little-endian. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
