import { expect, it, vi } from "vitest";

it("the program runs the arguments of its process and sets the exit code", async () => {
  const argv = vi.spyOn(process, "argv", "get").mockReturnValue(["node", "main.js", "--version"]);
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await import("../src/main.ts");
  const written = write.mock.calls.map(([text]) => text);
  write.mockRestore();
  argv.mockRestore();
  expect(written).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  expect(process.exitCode).toBe(0);
});
