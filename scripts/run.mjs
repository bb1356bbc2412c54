/**
 * The two commands of the README, from a bare clone with nothing but Node and npm:
 *
 *     npm run demo [-- ARGS]    segment a photograph with the embedded model
 *     npm test [-- ARGS]        run every test of every package
 *
 * and two that `.ci/run` builds on:
 *
 *     node scripts/run.mjs setup             install the dependencies, nothing else
 *     node scripts/run.mjs exec COMMAND ...  run a command with pnpm and the workspace's tools on the PATH
 *
 * Each brings the workspace up to date first (the pinned pnpm, the locked dependencies, the builds) and skips what
 * is in place already. Only Node's own modules are used, as nothing else is there yet.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { environmentWith, obtainPnpm, tool } from "./pnpm.mjs";
import { root, run, step } from "./steps.mjs";
import { readCounts, resultsFile } from "./test-counts.mjs";

/** @typedef {import("./pnpm.mjs").Pnpm} Pnpm */

const commands = { demo, test, setup, exec: execute };

try {
  requireNode();
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  printError(error);
  process.exitCode = 1;
}

/**
 * Prints what went wrong.
 * @param {unknown} error
 */
function printError(error) {
  console.error(`\n✗ ${error instanceof Error ? error.message : error}`);
  return error;
}

/** @param {string[]} argv */
async function main([name = "", ...args]) {
  if (!Object.hasOwn(commands, name)) {
    throw new Error(`Unknown command "${name}". There are: ${Object.keys(commands).join(", ")}.`);
  }
  return commands[/** @type {keyof typeof commands} */ (name)](args);
}

/**
 * Builds the command line tool and lets it run the demo.
 * @param {string[]} args Passed on to the demo.
 */
async function demo(args) {
  const pnpm = await prepare();
  await build(pnpm, ["--filter=@detectron-ts/cli..."]);
  console.log();
  return run(process.execPath, [join(root, "apps/cli/dist/main.js"), "demo", ...args]);
}

/**
 * Runs all tests in one vitest, then says how many there were.
 * @param {string[]} args Passed on to vitest: file name filters and options.
 */
async function test(args) {
  // First of all, so that whatever goes wrong, nobody reads the results of the run before.
  rmSync(resultsFile, { force: true });
  const pnpm = await prepare();
  // Tests read sources, so a package that doesn't build hides nothing of the others.
  const broken = await build(pnpm, []).then(() => undefined, printError);
  console.log();
  mkdirSync(dirname(resultsFile), { recursive: true });
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultsFile}`];
  const code = await run(process.execPath, [tool("vitest"), "run", ...report, ...args], {
    env: environmentWith(pnpm),
  });
  const { passed, failed, skipped } = readCounts();
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return code || (broken || failed > 0 ? 1 : 0);
}

async function setup() {
  await prepare();
  return 0;
}

/** @param {string[]} argv The command and its arguments. */
async function execute([program, ...args]) {
  if (!program) throw new Error("exec needs a command to run.");
  return run(program, args, { env: environmentWith(await obtainPnpm()) });
}

/** Makes sure of the pinned pnpm and the locked dependencies. */
async function prepare() {
  const pnpm = await obtainPnpm();
  // Without a terminal pnpm would stop and ask before it replaces a node_modules that another version made.
  const options = ["--frozen-lockfile", "--prefer-offline", "--config.confirmModulesPurge=false"];
  await step(
    "Installing the locked dependencies",
    pnpm.program,
    [...pnpm.args, "install", ...options],
    {
      env: environmentWith(pnpm),
      show: !existsSync(join(root, "node_modules", ".modules.yaml")),
      hint: "The first run needs the npm registry; once everything is installed, runs work offline.",
    },
  );
  return pnpm;
}

/**
 * Builds packages, each after those that it stands on; turbo skips what is built.
 * @param {Pnpm} pnpm
 * @param {string[]} filters Which packages; all without one.
 */
async function build(pnpm, filters) {
  const options = ["--output-logs=errors-only", "--concurrency=100%", ...filters];
  await step(
    "Building the packages",
    process.execPath,
    [tool("turbo"), "run", "build", ...options],
    {
      env: environmentWith(pnpm),
    },
  );
}

/** @throws {Error} Under a Node that is older than `engines` asks for. */
function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [major, minor] = engines.node.replace(">=", "").split(".").map(Number);
  const [haveMajor, haveMinor] = process.versions.node.split(".").map(Number);
  if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
    throw new Error(`Node ${engines.node} is needed; this is Node ${process.versions.node}.`);
  }
}
