import { runReadmeExample } from "@detectron-ts/testing";
import { expect, it } from "vitest";

it("the README's example runs", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toContain("1 tensor loaded");
});
