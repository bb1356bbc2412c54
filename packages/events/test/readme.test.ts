import { runReadmeExample } from "@detectron-ts/testing";
import { expect, it } from "vitest";

it("runs the README's example", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toMatch(/^ eta: 0:00:05 {2}iter: 19 {2}loss_cls: 3\.406 .* lr: 0\.02 {2}max_mem/m);
  expect(stdout).toContain('"iteration": 39, "loss_cls": 2.15625');
});
