export { MatcherOptionsError, MatchQualityError, MatchQualityShapeError } from "./errors.ts";
export { Matcher, type Matches, type MatcherOptions, type MatchLabel } from "./matcher.ts";
export type { RandomGenerator } from "./random-generator.ts";
export { subsampleLabels, type SampledLabels, type SubsampleOptions } from "./subsample-labels.ts";
