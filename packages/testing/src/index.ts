export { compareAllclose } from "./allclose.ts";
export type { Comparison, Tolerance } from "./allclose.ts";
export type { StridedArray } from "./flatten.ts";
export { dataRoot, Golden, goldenRoot, goldenTensors, loadGolden, nullToNaN } from "./golden.ts";
export type { WithNaN } from "./golden.ts";
export { finiteDifference, gradcheck } from "./gradcheck.ts";
export type { GradcheckOptions, ScalarFunction } from "./gradcheck.ts";
// Brings the matcher to the types of every test that imports this package.
export type { AllcloseMatchers } from "./matchers.ts";
export { firstTypeScriptBlock, runProgram, runReadmeExample, typeScriptBlocks } from "./readme.ts";
export type { ProgramRun, RunProgramOptions } from "./readme.ts";
export { readSafetensors } from "./safetensors.ts";
export type { GoldenData, GoldenDType, GoldenTensor } from "./safetensors.ts";
