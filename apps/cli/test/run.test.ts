import { describe, expect, it, vi } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { type BrokenStreams, detectron, detectronWithBroken } from "./command-line.ts";

const COMMANDS = [
  "demo",
  "predict",
  "train",
  "eval",
  "report",
  "check-data",
  "visualize-data",
  "inspect",
  "config",
];

describe("detectron", () => {
  it("lists its commands when asked for help, and exits with 0", async () => {
    const { code, stdout, stderr } = await detectron("--help");
    expect(code).toBe(0);
    for (const command of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(stderr).toBe("");
  });

  it.each(COMMANDS)("has help for %s", async (command) => {
    const { code, stdout } = await detectron(command, "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(`Usage: detectron ${command}`);
  });

  it("shows examples in the help of predict", async () => {
    const { stdout } = await detectron("predict", "--help");
    expect(stdout).toMatch("$ detectron predict --config-file COCO-InstanceSegmentation/");
    expect(stdout).toMatch("--confidence-threshold <score>");
  });

  it("prints its version", async () => {
    const { code, stdout } = await detectron("--version");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    ["without a command", [], "Usage: detectron"],
    ["for an unknown command, suggesting the nearest", ["predct"], "Did you mean predict?"],
    ["for an unknown option, suggesting the nearest", ["inspect", "a.pth", "--jsno"], "--json?"],
    ["without a required option", ["predict", "--input", "a.jpg"], "--config-file"],
    [
      "for a threshold that is none",
      ["predict", "--config-file", "a", "--input", "b", "--confidence-threshold", "50"],
      "Wanted a number from 0 to 1",
    ],
    [
      "for a number of threads that is none",
      ["predict", "--config-file", "a", "--input", "b", "--threads", "0"],
      "Wanted a whole number from 1",
    ],
    [
      "for a list of class names with a gap",
      ["predict", "--config-file", "a", "--input", "b", "--classes", "date,,fig"],
      "Wanted names between commas",
    ],
    ["for overrides without a value", ["config", "Base-RCNN-FPN", "--opts", "SEED"], "no value"],
  ])("exits with 2 %s", async (_, argv, message) => {
    const { code, stderr } = await detectron(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("prints an error as one line, and its stack only when DEBUG is set", async () => {
    const quiet = await detectron("inspect", "missing.pth");
    expect(quiet.stderr).toMatch(/^error: [^\n]+\n$/);
    vi.stubEnv("DEBUG", "1");
    const verbose = await detectron("inspect", "missing.pth");
    vi.unstubAllEnvs();
    expect(verbose.stderr).toMatch(/\n {4}at /);
  });
});

describe("detectron whose output can't be written", () => {
  const works = ["inspect", DEMO_FILES.weights];
  const fails = ["inspect", "missing.pth"];
  const makesNoSense = ["inspect", "--jsno"];

  it.each<[string, BrokenStreams, string[], number]>([
    ["0 when the reader of stdout has gone", { stdout: "EPIPE" }, works, 0],
    ["0 when the reader of the help has gone", { stdout: "EPIPE" }, ["--help"], 0],
    ["1 for an error that nobody reads", { stderr: "EPIPE" }, fails, 1],
    ["2 for a slip that nobody reads", { stderr: "EPIPE" }, makesNoSense, 2],
    ["1 for an error that can't be told", { stderr: "ENOSPC" }, fails, 1],
    ["2 for a slip that can't be told", { stderr: "ENOSPC" }, makesNoSense, 2],
    ["1 when neither can be written", { stdout: "ENOSPC", stderr: "ENOSPC" }, works, 1],
  ])("exits with %s", async (_, broken, argv, exitCode) => {
    const { code } = await detectronWithBroken(broken, ...argv);
    expect(code).toBe(exitCode);
  });

  it("says nothing of a reader that has gone", async () => {
    const { stderr } = await detectronWithBroken({ stdout: "EPIPE" }, ...works);
    expect(stderr).toBe("");
  });

  it("tells in one line of a full disk, and exits with 1", async () => {
    const { code, stderr } = await detectronWithBroken({ stdout: "ENOSPC" }, ...works);
    expect(code).toBe(1);
    expect(stderr).toBe("error: ENOSPC: the sink is broken\n");
  });
});
