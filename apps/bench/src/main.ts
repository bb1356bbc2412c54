import { parseArgs } from "node:util";
import { benchEvaluation } from "./evaluation.ts";
import { benchInference } from "./inference.ts";

const HELP = `Usage: pnpm bench <command> [options]

Commands
  inference   full-size R50-FPN Mask R-CNN on the CPU: time of each stage, sessions, memory,
              and end-to-end time over that inside ONNX Runtime
  evaluation  COCO evaluation of 5,000 images × 100 synthesised detections, boxes and masks

Options
  --threads N   threads of ONNX Runtime (default: the cores this process may use)
  --repeat N    measured runs; the median is printed (default 5)
  --memory M    fast (default) or low: whether memory is kept between runs
  --images N    images to evaluate (default 5000)
  --help        this text

Times are wall-clock milliseconds of one process. Compare ratios of one run, not milliseconds of two.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string" },
    repeat: { type: "string", default: "5" },
    memory: { type: "string", default: "fast" },
    images: { type: "string", default: "5000" },
    help: { type: "boolean", default: false },
  },
});

// pnpm hands on the "--" that separates its own options.
const [command] = positionals.filter((each) => each !== "--");
if (values.help || command === undefined) {
  process.stdout.write(HELP);
} else if (command === "inference") {
  await benchInference({
    threads: values.threads === undefined ? undefined : Number(values.threads),
    repeat: Number(values.repeat),
    memory: values.memory === "low" ? "low" : "fast",
  });
} else if (command === "evaluation") {
  benchEvaluation({ images: Number(values.images) });
} else {
  process.stderr.write(`unknown benchmark "${command}"\n\n${HELP}`);
  process.exitCode = 2;
}
