import { runReadmeExample } from "@detectron-ts/testing";
import { expect, it } from "vitest";

it("runs the README's example", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toContain("copypaste: Task: bbox");
  expect(stdout).toContain("copypaste: AP,AP50,AP75,APs,APm,APl");
});
