import type { default as Sharp } from "sharp";

/**
 * The codec library, loaded at the first use: its native part takes longer to load than a whole command-line start
 * should.
 */
export async function loadSharp(): Promise<typeof Sharp> {
  return (await import("sharp")).default;
}
