import { runReadmeExample } from "@detectron-ts/testing";
import { expect, test } from "vitest";

test("the README's example keeps both classes and draws the mask", async () => {
  const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
  expect(stdout).toBe(
    ["0 1", "0 0 0 0 0 0", "0 1 1 0 0 0", "0 1 1 0 0 0", "0 1 1 1 1 0", "0 1 1 1 1 0"]
      .concat("0 0 0 0 0 0", "")
      .join("\n"),
  );
});
