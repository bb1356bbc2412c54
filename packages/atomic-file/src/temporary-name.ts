import { randomUUID } from "node:crypto";

const TEMPORARY = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** What the unfinished form of a file is called: its name, a UUID, and `.tmp`. It lies in the folder of the file. */
export function temporaryName(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

/** Whether {@link temporaryName} has made a name. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}
