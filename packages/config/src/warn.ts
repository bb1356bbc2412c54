/** Tells the user about something that works but deserves a look: a Node process warning named `ConfigWarning`. */
export function warn(message: string): void {
  process.emitWarning(message, "ConfigWarning");
}
