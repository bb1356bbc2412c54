/** The root of every error this package throws on purpose. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** ` Did you mean A or B?`, or nothing when no name is near. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : ` Did you mean ${names.join(" or ")}?`;
}

/** The most characters of a value that a message shows. */
const MAX_SHOWN = 120;

export function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** A key was read, or merged into, that the config doesn't have. */
export class UnknownKeyError extends ConfigError {
  /** The full dotted key, such as `MODEL.ROI_HEAD`. */
  readonly key: string;
  /** Existing keys that look like it, nearest first. */
  readonly suggestions: readonly string[];

  constructor(key: string, suggestions: readonly string[]) {
    super(`Non-existent config key: ${key}.${didYouMean(suggestions)}`);
    this.key = key;
    this.suggestions = suggestions;
  }
}

/** A merged value has another type than the value it would replace. */
export class TypeMismatchError extends ConfigError {
  readonly key: string;
  /** The type the config holds, by its Python name: `int`, `float`, `str`, `tuple`, `CfgNode`… */
  readonly expected: string;
  /** The type of the value that was merged. */
  readonly got: string;
  /** The value the config holds, as Python would print it. */
  readonly original: string;
  /** The value that was merged, as Python would print it. */
  readonly replacement: string;

  constructor(
    key: string,
    expected: string,
    got: string,
    original: string,
    replacement: string,
    hint = "",
  ) {
    super(
      `${key} holds a ${expected} (${shorten(original)}), got a ${got} (${shorten(replacement)}).${hint}`,
    );
    this.key = key;
    this.expected = expected;
    this.got = got;
    this.original = original;
    this.replacement = replacement;
  }
}

/** A frozen config was written to. */
export class FrozenConfigError extends ConfigError {
  readonly key: string;

  constructor(key: string) {
    super(`Attempted to change ${key}, but the config is frozen; call defrost() or clone() first`);
    this.key = key;
  }
}

/** A `COMPUTED_` key, which may be set once, was given a second value. */
export class ComputedKeyError extends ConfigError {
  readonly key: string;
  readonly original: string;
  readonly replacement: string;

  constructor(key: string, original: string, replacement: string) {
    super(
      `Computed key ${key} is already ${shorten(original)} and can't become ${shorten(replacement)}`,
    );
    this.key = key;
    this.original = original;
    this.replacement = replacement;
  }
}

/** A key that was registered as renamed was merged under its old name. */
export class RenamedKeyError extends ConfigError {
  readonly key: string;
  readonly newKey: string;
  /** What else to change in the file, when its author said so. */
  readonly note: string | undefined;

  constructor(key: string, newKey: string, note?: string) {
    super(
      `Key ${key} was renamed to ${newKey}; please update your config.${note ? ` ${note}` : ""}`,
    );
    this.key = key;
    this.newKey = newKey;
    this.note = note;
  }
}

/** A key can't be used here: `__proto__`, the name of a `CfgNode` method, `_BASE_` outside a file, a key that is no string. */
export class InvalidKeyError extends ConfigError {
  readonly key: string;
  readonly reason: string;

  constructor(key: string, reason: string) {
    super(`Invalid config key ${JSON.stringify(key)}: ${reason}`);
    this.key = key;
    this.reason = reason;
  }
}

/** A value is of a type that a config can't hold, such as a function, a `Date` or an integer beyond 2^53. */
export class InvalidValueError extends ConfigError {
  readonly key: string;
  /** What was got: a type name, or the text of a number. */
  readonly got: string;

  constructor(key: string, got: string) {
    super(
      `${key} can't hold ${got}; a config holds null, booleans, numbers, strings, sequences and nodes`,
    );
    this.key = key;
    this.got = got;
  }
}

/** `mergeFromList` got a list that isn't KEY, VALUE pairs. */
export class OverrideListError extends ConfigError {
  readonly list: readonly unknown[];

  constructor(list: readonly unknown[], reason: string) {
    super(
      `${reason}; the override list must be KEY VALUE pairs, got ${shorten(list.map(String).join(" "))}`,
    );
    this.list = list;
  }
}

/** A config file is missing or can't be read. */
export class ConfigFileError extends ConfigError {
  readonly file: string;
  readonly reason: string;
  /** The file whose `_BASE_` named it, if one did. */
  readonly includedFrom: string | undefined;

  constructor(file: string, reason: string, includedFrom?: string, cause?: unknown) {
    super(
      `Config file ${file}${includedFrom === undefined ? "" : ` (_BASE_ of ${includedFrom})`}: ${reason}`,
      { cause },
    );
    this.file = file;
    this.reason = reason;
    this.includedFrom = includedFrom;
  }
}

/** `_BASE_` isn't a path or a list of paths, forms a cycle, or disagrees with the file about what is a section. */
export class BaseConfigError extends ConfigError {
  readonly file: string;
  readonly reason: string;

  constructor(file: string, reason: string) {
    super(`Cannot inherit in config file ${file}: ${reason}`);
    this.file = file;
    this.reason = reason;
  }
}

/** Text that isn't a YAML mapping. */
export class YamlError extends ConfigError {
  /** The file's path, or `<string>`. */
  readonly file: string;
  /** 1-based line and column of the trouble. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;

  constructor(file: string, line: number, column: number, reason: string) {
    super(`${file}:${line}:${column}: ${reason}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.reason = reason;
  }
}

/** A YAML tag that this package doesn't construct. Nothing in a file is ever evaluated. */
export class UnsafeTagError extends YamlError {
  readonly tag: string;

  constructor(file: string, line: number, column: number, tag: string) {
    super(
      file,
      line,
      column,
      `tag ${tag} is refused; nothing in a config file is evaluated, write the value out`,
    );
    this.tag = tag;
  }
}

/** A file exceeds a limit that protects the process, see `limits.ts`. */
export class ConfigLimitError extends ConfigError {
  readonly file: string;
  /** The constant's name, such as `MAX_CONFIG_BYTES`. */
  readonly limit: string;
  readonly maximum: number;

  constructor(file: string, limit: string, maximum: number) {
    super(`${file} exceeds ${limit} (${maximum})`);
    this.file = file;
    this.limit = limit;
    this.maximum = maximum;
  }
}

/** A config's VERSION is one that can't be converted or merged. */
export class VersionError extends ConfigError {
  readonly version: unknown;
  readonly wanted: number;

  constructor(message: string, version: unknown, wanted: number) {
    super(message);
    this.version = version;
    this.wanted = wanted;
  }
}

/** A registry was asked for a name that nobody registered. */
export class NotRegisteredError extends ConfigError {
  readonly registry: string;
  readonly entry: string;
  readonly suggestions: readonly string[];
  /** Every registered name, sorted. */
  readonly available: readonly string[];

  constructor(
    registry: string,
    entry: string,
    suggestions: readonly string[],
    available: readonly string[],
  ) {
    super(
      `No object named ${JSON.stringify(entry)} in the ${registry} registry.${didYouMean(suggestions)}` +
        ` It has: ${available.join(", ") || "nothing"}`,
    );
    this.registry = registry;
    this.entry = entry;
    this.suggestions = suggestions;
    this.available = available;
  }
}

/** A name was registered twice. */
export class AlreadyRegisteredError extends ConfigError {
  readonly registry: string;
  readonly entry: string;

  constructor(registry: string, entry: string) {
    super(
      `An object named ${JSON.stringify(entry)} is already registered in the ${registry} registry`,
    );
    this.registry = registry;
    this.entry = entry;
  }
}

/** {@link configure} got a class without a static `fromConfig`. */
export class NotConfigurableError extends ConfigError {
  readonly className: string;

  constructor(className: string) {
    super(
      `${className} has no static fromConfig(cfg, …); construct it with explicit options instead`,
    );
    this.className = className;
  }
}
