import { Registry } from "../registry.ts";
import type { LazyTarget } from "./node.ts";

/** What a file can name: classes and functions by the names they are registered under. */
const registry = new Registry<LazyTarget>("LAZY_TARGET");
const names = new Map<unknown, string>();

/**
 * Lets files name a class or function, so that trees with it can be saved as YAML and loaded. A file can name nothing else.
 * Registering the same again changes nothing.
 *
 * @param name By which files know it; its own name when left out.
 * @throws AlreadyRegisteredError when the name belongs to another.
 */
export function registerTarget<Target extends LazyTarget>(
  target: Target,
  name: string = target.name,
): Target {
  if (names.get(target) === name) return target;
  registry.register(name, target);
  names.set(target, name);
  return target;
}

/**
 * What is registered under a name.
 *
 * @throws NotRegisteredError with the nearest names.
 */
export function findTarget(name: string): LazyTarget {
  return registry.get(name);
}

/** The name that a value is registered under, if it is a registered target. */
export function registeredName(value: unknown): string | undefined {
  return names.get(value);
}
