export { cpuLimit } from "./cpu-limit.ts";
export { HostOpError, ResultError, RuntimeOptionError, SessionError } from "./errors.ts";
export type { RuntimeOptions } from "./options.ts";
export { runtime } from "./register.ts";
export type { Runtime } from "./runtime.ts";
export type { RuntimeStats } from "./stats.ts";
