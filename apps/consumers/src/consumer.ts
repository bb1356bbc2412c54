import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, runCommand } from "./command.ts";
import { errorsOfInterest } from "./diagnostics.ts";
import type { Tarballs } from "./pack.ts";

const require = createRequire(import.meta.url);
const tsc = require.resolve("typescript/bin/tsc");
const nodeTypes = fileURLToPath(new URL("../node_modules/@types", import.meta.url));

/** What plain npm is given. No install script of a dependency runs: none may be needed. */
const npmInstall = [
  "install",
  "--ignore-scripts",
  "--prefer-offline",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
];

/** A stranger's project: an empty folder that has our packages from their tarballs and nothing of the workspace. */
export class Consumer {
  readonly #folder: string;
  readonly #tarballs: Tarballs;
  readonly #dependencies = new Set<string>();

  private constructor(folder: string, tarballs: Tarballs) {
    this.#folder = folder;
    this.#tarballs = tarballs;
  }

  /** Starts a project in a folder that doesn't exist yet. */
  static async create(folder: string, tarballs: Tarballs): Promise<Consumer> {
    await mkdir(folder);
    return new Consumer(folder, tarballs);
  }

  /** Adds packages as dependencies and installs with npm; what they depend on comes from our tarballs too. */
  async install(...names: string[]): Promise<void> {
    for (const name of names) this.#dependencies.add(name);
    const ours = Object.fromEntries(
      [...this.#tarballs].map(([name, file]) => [name, `file:${file}`]),
    );
    const dependencies = Object.fromEntries(
      [...this.#dependencies].map((name) => [name, ours[name]]),
    );
    const manifest = { private: true, type: "module", dependencies, overrides: ours };
    await writeFile(join(this.#folder, "package.json"), JSON.stringify(manifest, null, 2));
    await runCommand("npm", npmInstall, this.#folder);
  }

  /** The names of all packages in `node_modules`, as npm's lockfile has them. */
  async installed(): Promise<Set<string>> {
    const lockfile = JSON.parse(
      await readFile(join(this.#folder, "package-lock.json"), "utf8"),
    ) as { packages: Record<string, unknown> };
    const paths = Object.keys(lockfile.packages).filter((path) => path !== "");
    return new Set(paths.map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
  }

  /** Type-checks a program under NodeNext and strict, declarations of our packages included, and runs it. */
  async runProgram(source: string): Promise<string> {
    await writeFile(join(this.#folder, "program.ts"), source);
    const options = {
      target: "ES2023",
      lib: ["ES2023", "ESNext.Disposable"],
      module: "NodeNext",
      strict: true,
      skipLibCheck: false,
      typeRoots: [nodeTypes],
      types: ["node"],
    };
    const project = { compilerOptions: options, files: ["program.ts"] };
    await writeFile(join(this.#folder, "tsconfig.json"), JSON.stringify(project, null, 2));
    await this.#compile();
    return this.#node("program.js");
  }

  /** Imports a module, which must export something. */
  async import(specifier: string): Promise<void> {
    const attributes = specifier.endsWith(".json") ? ` with { type: "json" }` : "";
    const program = [
      `import * as module from "${specifier}"${attributes};`,
      `if (Object.keys(module).length === 0) throw new Error("${specifier} exports nothing");`,
    ];
    await writeFile(join(this.#folder, "import.js"), program.join("\n"));
    await this.#node("import.js");
  }

  /** Runs a command that an installed package brings. */
  async command(name: string, ...args: string[]): Promise<string> {
    return runCommand(join(this.#folder, "node_modules", ".bin", name), args, this.#folder);
  }

  async #node(...args: string[]): Promise<string> {
    return runCommand(process.execPath, args, this.#folder);
  }

  async #compile(): Promise<void> {
    let output = "";
    try {
      await runCommand(process.execPath, [tsc, "--pretty", "false"], this.#folder);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      output = error.output;
    }
    const errors = errorsOfInterest(output);
    if (errors.length > 0) throw new Error(`tsc reports:\n${errors.join("\n")}`);
  }
}
