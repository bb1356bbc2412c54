/**
 * The name that a property has in checkpoints, which is its snake_case: `bottomUp` is `bottom_up`,
 * `conv2Offset` is `conv2_offset`, `res2` stays `res2`.
 */
export function checkpointName(property: string): string {
  return property.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
