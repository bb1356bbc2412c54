import { existsSync } from "node:fs";
import { defaultServerConditions } from "vite";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";

const root = (path: string): string => new URL(path, import.meta.url).pathname;

/** The settings every package's tests share: sources instead of builds, closeness matchers, no network. */
export function projectConfig(name: string): UserWorkspaceConfig {
  // Sources are resolved from where they lie, and tensor must not know the runtime: so a package whose
  // tests compute values has the runtime as a development dependency, and it is loaded here.
  const computes = ["packages", "apps"].some((folder) =>
    existsSync(root(`./${folder}/${name}/node_modules/@detectron-ts/runtime`)),
  );
  return defineProject({
    ssr: { resolve: { conditions: ["@detectron-ts/source", ...defaultServerConditions] } },
    test: {
      name,
      include: ["test/**/*.test.ts"],
      setupFiles: [
        root("./packages/testing/src/setup.ts"),
        ...(computes ? [root("./packages/runtime/src/register.ts")] : []),
      ],
      env: { DETECTRON_VERIFY: "1" },
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  });
}
