import type { KnipConfig } from "knip";

/** The programs in a README: an example that imports a package uses that package. */
function examples(markdown: string): string {
  return [...markdown.matchAll(/^```ts\s*\n([\s\S]*?)^```\s*$/gm)]
    .map(([, code]) => code)
    .join("\n");
}

const config: KnipConfig = {
  compilers: { md: examples },
  // The types in an exported function's signature are exported with it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    ".": { project: ["scripts/**", "*.ts", "!**/*.md"] },
    "{packages,apps}/*": {
      entry: ["README.md"],
      project: ["**/*.{ts,md}", "!CHANGELOG.md", "!test/**/*.md"],
    },
    // Found by the path of its font file, or by the path of its loader.
    "packages/visualizer": {
      entry: ["README.md"],
      project: ["**/*.{ts,md}", "!CHANGELOG.md"],
      ignoreDependencies: ["dejavu-fonts-ttf"],
    },
    "packages/report": {
      entry: ["README.md"],
      project: ["**/*.{ts,md}", "!CHANGELOG.md"],
      ignoreDependencies: ["dejavu-fonts-ttf"],
    },
    "apps/examples": {
      entry: ["README.md"],
      project: ["**/*.{ts,md}", "!CHANGELOG.md"],
      // Imported by the tutorial, whose program its tests run.
      ignoreDependencies: [
        "@detectron-ts/evaluation",
        "@detectron-ts/report",
        "@detectron-ts/visualizer",
      ],
    },
    "packages/checkpoint": {
      entry: ["README.md"],
      project: ["**/*.{ts,md}", "!CHANGELOG.md"],
      // Named on the command line of a process that a test kills.
      ignoreDependencies: ["tsx"],
    },
    "packages/testing": { project: ["**/*.ts"], ignoreDependencies: ["tsx"] },
    configs: { project: [] },
  },
};

export default config;
