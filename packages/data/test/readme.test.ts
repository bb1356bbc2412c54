import { expect, it } from "vitest";
import { runReadmeExample } from "@detectron-ts/testing";

it("the README example runs", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).not.toBe("");
});
