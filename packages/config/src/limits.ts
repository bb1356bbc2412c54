/** The largest config file read, in bytes. detectron2's own are below 3 kB, a complete dump is 6 kB. */
export const MAX_CONFIG_BYTES = 1 << 18;

/** The most files one `mergeFromFile` reads through `_BASE_`, counted with repetition: lists of bases can multiply. */
export const MAX_CONFIG_FILES = 256;

/** The deepest nesting of mappings, sequences and tuples. detectron2's deepest key has seven levels. */
export const MAX_NESTING = 64;

/** The most values one file may hold once its aliases are written out, so that aliases of aliases can't explode. */
export const MAX_VALUES = 100_000;
