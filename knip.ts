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
    "{packages,apps}/*": { entry: ["README.md"], project: ["**/*.{ts,md}", "!CHANGELOG.md"] },
  },
};

export default config;
