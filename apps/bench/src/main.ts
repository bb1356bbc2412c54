import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchConfigs } from "./configs/configs.ts";
import { benchEvaluation } from "./evaluation.ts";
import { benchFamilies } from "./families/train-families.ts";
import { benchInference } from "./inference/inference.ts";
import { benchInferenceOfFamilies } from "./inference/inference-of-families.ts";
import { benchReproduction } from "./reproduction/reproduction.ts";
import { benchTraining } from "./training.ts";
import { benchTrainingMemory } from "./training-memory.ts";

const HELP = `Usage: pnpm bench <command> [options]

Commands
  inference   full-size R50-FPN Mask R-CNN on the CPU: time of each stage, sessions, memory,
              and end-to-end time over that inside ONNX Runtime
  train       training of the same model, a step of one 480×640 image: time of each part,
              sessions, memory, and the step over the forward pass of backbone and RPN at inference
  evaluation  COCO evaluation of 5,000 images × 100 synthesised detections, boxes and masks
  reproduce   repeats a training of detectron2's from random weights: reproduce faster_rcnn_bccd or
              mask_rcnn_fruits; average precision beside detectron2's, and a picture of the losses.
              Takes hours; goes on where it was interrupted
  families    trains narrow models of every family on made scenes: families keypoints panoptic, or all;
              metrics on other scenes beside their bars, and pictures of what is found
  configs     builds and runs the model of every config, compares its parameters with detectron2's, counts
              its FLOPs, and writes docs/configs.md: some minutes

Options
  --threads N   threads of ONNX Runtime (default: the cores this process may use)
  --repeat N    inference: measured runs; the median is printed (default 5)
  --all         inference: every kind of model instead, each with its time over that inside
                ONNX Runtime
  --memory M    inference: fast (default) or low: whether memory is kept between runs
  --steps N     train: measured steps; medians are printed (default 5)
  --json FILE   train: a file to write all measured numbers to
  --tiny        train: 200 iterations of a tiny model instead, to see that the process does not grow
  --images N    evaluation: images to evaluate (default 5000)
  --seeds LIST  reproduce: seeds, one training each (default 1,2,3)
  --output DIR  reproduce, families: where trainings and pictures go (default output/reproduce,
                output/families); configs: the file to write (default docs/configs.md)
  --help        this text

Times are wall-clock milliseconds of one process. Compare ratios of one run, not milliseconds of two.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string" },
    repeat: { type: "string", default: "5" },
    all: { type: "boolean", default: false },
    memory: { type: "string", default: "fast" },
    steps: { type: "string", default: "5" },
    json: { type: "string" },
    tiny: { type: "boolean", default: false },
    images: { type: "string", default: "5000" },
    seeds: { type: "string", default: "1,2,3" },
    output: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

// pnpm hands on the "--" that separates its own options.
const [command, training = ""] = positionals.filter((each) => each !== "--");
const threads = values.threads === undefined ? undefined : Number(values.threads);
if (values.help || command === undefined) {
  process.stdout.write(HELP);
} else if (command === "inference" && values.all) {
  await benchInferenceOfFamilies({ threads, repeat: Number(values.repeat) });
} else if (command === "inference") {
  await benchInference({
    threads,
    repeat: Number(values.repeat),
    memory: values.memory === "low" ? "low" : "fast",
  });
} else if (command === "train" && values.tiny) {
  await benchTrainingMemory();
} else if (command === "train") {
  await benchTraining({ threads, steps: Number(values.steps), json: values.json });
} else if (command === "evaluation") {
  benchEvaluation({ images: Number(values.images) });
} else if (command === "families") {
  const [, ...names] = positionals.filter((each) => each !== "--");
  await benchFamilies({ names, output: values.output ?? "output/families", threads });
} else if (command === "configs") {
  const output =
    values.output ?? fileURLToPath(new URL("../../../docs/configs.md", import.meta.url));
  process.exitCode = (await benchConfigs({ output })) ? 0 : 1;
} else if (command === "reproduce") {
  const seeds = values.seeds.split(",").map(Number);
  await benchReproduction({
    training,
    seeds,
    output: values.output ?? "output/reproduce",
    threads,
  });
} else {
  process.stderr.write(`unknown benchmark "${command}"\n\n${HELP}`);
  process.exitCode = 2;
}
