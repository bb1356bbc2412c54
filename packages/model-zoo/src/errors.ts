import { ConfigError } from "@detectron-ts/config";

function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : ` Did you mean ${names.join(" or ")}?`;
}

/** The model zoo has no config of that name. */
export class UnknownConfigError extends ConfigError {
  /** The name asked for. */
  readonly configName: string;
  /** Names that look like it, nearest first. */
  readonly suggestions: readonly string[];

  constructor(configName: string, suggestions: readonly string[]) {
    super(`The model zoo has no config ${configName}.${didYouMean(suggestions)}`);
    this.configName = configName;
    this.suggestions = suggestions;
  }
}

/** No checkpoint was released for a config of that name. */
export class NoCheckpointError extends ConfigError {
  readonly configName: string;
  /** Names near it that have one, nearest first. */
  readonly suggestions: readonly string[];

  constructor(configName: string, suggestions: readonly string[]) {
    super(`No checkpoint was released for ${configName}.${didYouMean(suggestions)}`);
    this.configName = configName;
    this.suggestions = suggestions;
  }
}
