import { runReadmeExample } from "@detectron-ts/testing";
import { expect, it } from "vitest";

it("runs the README's example", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toContain("Map(2) { 'conv' => 1200, 'linear' => 8 }");
});
