// Runs the program of the threads from its source: what loads TypeScript in a process does not load it in its threads.
import { register } from "tsx/esm/api";

register();
await import("./mapper-worker.ts");
