import { runReadmeExample } from "@detectron-ts/testing";
import { expect, it } from "vitest";

it("runs the README's example", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toBe("the disk is full\n[1,\n2,\n3]\n");
});
