/** The package manager that `package.json` pins, and the environment in which turbo finds it. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { needsShell, root, step } from "./steps.mjs";

/**
 * @typedef {object} Pnpm
 * @property {string} program The executable to start.
 * @property {string[]} args What comes before pnpm's own arguments.
 * @property {string | undefined} binFolder The folder that holds `pnpm`, when it is not on the PATH already.
 */

/**
 * Finds the exact pnpm of `packageManager`: one that is installed, one fetched earlier, or else fetches it with npm.
 * Another version would not do: turbo compares, and settings differ between majors.
 *
 * @returns {Promise<Pnpm>}
 */
export async function obtainPnpm() {
  const version = pinnedVersion();
  if (installedVersion() === version) return { program: "pnpm", args: [], binFolder: undefined };

  // A hidden folder of node_modules survives every pnpm install.
  const folder = join(root, "node_modules", ".cache", `pnpm-${version}`);
  const script = join(folder, "node_modules", "pnpm", "bin", "pnpm.cjs");
  if (!existsSync(script)) {
    const quietly = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
    const args = ["install", "--prefix", folder, "--prefer-offline", ...quietly];
    await step(`Fetching pnpm ${version}`, "npm", [...args, `pnpm@${version}`], {
      env: withoutNpmSettings(process.env),
      hint: "This needs the npm registry once; a pnpm of this version that is already installed does as well.",
    });
  }
  return {
    program: process.execPath,
    args: [script],
    binFolder: join(folder, "node_modules", ".bin"),
  };
}

/**
 * The environment for the workspace's tools: pnpm and `node_modules/.bin` on the PATH, no telemetry.
 *
 * @param {Pnpm} pnpm
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentWith({ binFolder }) {
  const env = withoutNpmSettings(process.env);
  const folders = [binFolder, join(root, "node_modules", ".bin"), env["PATH"]];
  return {
    ...env,
    PATH: folders.filter((folder) => folder !== undefined).join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
  };
}

/**
 * The script behind a tool of the root's devDependencies.
 *
 * @param {"turbo" | "vitest"} name
 */
export function tool(name) {
  const scripts = { turbo: "turbo/bin/turbo", vitest: "vitest/vitest.mjs" };
  return join(root, "node_modules", scripts[name]);
}

/** The version in `packageManager`. */
function pinnedVersion() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = /^pnpm@(\d+\.\d+\.\d+)/.exec(packageManager)?.[1];
  if (!version)
    throw new Error(`package.json should pin an exact pnpm, but has ${packageManager}.`);
  return version;
}

/** The version of the pnpm on the PATH, if there is one that starts. */
function installedVersion() {
  const { status, stdout } = spawnSync("pnpm", ["--version"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: needsShell("pnpm"),
  });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Under `npm test`, npm hands its own settings down as variables, where pnpm and an inner npm would take them for
 * the user's wishes. The registry and the proxies are meant for everybody and stay.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function withoutNpmSettings(env) {
  const shared = /^npm_config_(registry|cache|https?_proxy|proxy|noproxy|cafile|userconfig)$/i;
  return Object.fromEntries(
    Object.entries(env).filter(([key]) => !/^npm_/i.test(key) || shared.test(key)),
  );
}
