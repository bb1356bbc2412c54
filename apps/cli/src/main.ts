#!/usr/bin/env node
import { printProcessWarnings } from "./process-warnings.ts";
import { run } from "./run.ts";

printProcessWarnings();
process.exitCode = await run(process.argv.slice(2), process);
