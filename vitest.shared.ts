import { defaultServerConditions } from "vite";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";

/** The settings every package's tests share: sources instead of builds, closeness matchers, no network. */
export function projectConfig(name: string): UserWorkspaceConfig {
  return defineProject({
    ssr: { resolve: { conditions: ["@detectron-ts/source", ...defaultServerConditions] } },
    test: {
      name,
      include: ["test/**/*.test.ts"],
      setupFiles: [new URL("./packages/testing/src/setup.ts", import.meta.url).pathname],
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  });
}
