export { clipScore, meanPairwiseDistance, pairedCosines } from "./clip-similarity.js";
export { readOracleConfig, THING_ATTRIBUTES, type OracleConfig, type OracleHead } from "./config.js";
export { describeClaim } from "./describe.js";
export {
  evaluateToybox,
  type EvaluatedToybox,
  type EvaluateToyboxOptions,
  type EvaluationStep,
  type JudgedCaption,
  type ToyboxEvaluation,
} from "./evaluate-toybox.js";
export { frechetDistance, gaussianOf, type Gaussian } from "./frechet-distance.js";
export { oracleNetwork } from "./network.js";
export { createOracle, loadOracle, readScenes, type Oracle, type OracleReading } from "./oracle.js";
export { peakSignalToNoise } from "./peak-signal-to-noise.js";
export { precisionAndRecall, type PrecisionRecall } from "./precision-recall.js";
export { readGaussian } from "./read-gaussian.js";
export type { Claim, Scene, ThingAttribute } from "./scene.js";
export { isRight, judge, MEASURES, scoreOf, type Measure, type Verdict } from "./score.js";
export { mean, median, standardError } from "./statistics.js";
export { STUDIES } from "./studies/index.js";
export type {
  Study,
  StudyCell,
  StudyModel,
  StudyOptions,
  StudyPlot,
  StudyPoint,
  StudyResult,
  StudySheet,
  StudyStep,
  StudyTable,
} from "./studies/study.js";
export {
  loadToyboxBenchmark,
  type LoadToyboxBenchmarkOptions,
  type ToyboxBenchmark,
  type ToyboxCase,
} from "./toybox-benchmark.js";
export { createScore, type Score } from "./wilson-interval.js";
export { zeroShotScores, type ClipEncoders, type Vocabulary, type ZeroShotScores } from "./zero-shot.js";
