export { removeAbandonedFiles } from "./abandoned-files.ts";
export { writeFileAtomically } from "./write-file-atomically.ts";
export type { Append, Produce, WriteFileAtomicallyOptions } from "./write-file-atomically.ts";
