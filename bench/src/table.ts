import { markdownTable } from "./markdown-table.js";
import type { OperatorTime } from "./operators.js";
import type { Measurement, OurMeasurement, TheirMeasurement } from "./measurement.js";

const GB = 1e9;

/** The measurements as a Markdown table: a row for each type of ours, beside every type of diffusers' and the ratio to the fastest of them. */
export function formatTable(measurements: readonly Measurement[]): string {
  const dtypes = measurements[0]!.diffusers.map(({ dtype }) => dtype);
  const header = [
    "stage",
    "weights GB",
    "open s",
    "open s/GB",
    "step s",
    "GFLOP",
    "GFLOP/s",
    "peak GB",
    ...dtypes.flatMap((dtype) => [`diffusers ${dtype} open s`, `${dtype} step s`, `${dtype} peak GB`]),
    ...(dtypes.length > 0 ? ["step ratio"] : []),
    "difference",
    "relative error",
  ];
  const lines = measurements.flatMap((measurement) => measurement.unclip.map((ours) => row(measurement, ours)));
  return markdownTable(header, lines);
}

/** What the operators of a stage took, as a Markdown table: those of at least a hundredth, and the others together. */
export function formatOperators(operators: readonly OperatorTime[]): string {
  const total = operators.reduce((sum, { seconds }) => sum + seconds, 0);
  const isLong = ({ seconds }: OperatorTime) => seconds >= total / 100;
  const others = operators.filter((each) => !isLong(each));
  const sumOf = (key: "nodes" | "seconds") => others.reduce((sum, each) => sum + each[key], 0);
  const rest = { operator: "others", nodes: sumOf("nodes"), seconds: sumOf("seconds") };
  const rows = [...operators.filter(isLong), ...(others.length > 0 ? [rest] : [])];
  const cells = rows.map(({ operator, nodes, seconds }) => [
    operator,
    String(nodes),
    (seconds * 1e3).toFixed(1),
    `${((100 * seconds) / total).toFixed(1)} %`,
  ]);
  return markdownTable(["operator", "nodes", "ms", "share"], cells);
}

function row({ title, diffusers }: Measurement, ours: OurMeasurement): string[] {
  const { dtype, weightBytes, openSeconds, stepSeconds, flops, peakBytes, deviation } = ours;
  const fastest = Math.min(...diffusers.map((theirs) => theirs.stepSeconds));
  return [
    dtype === "float32" ? title : `${title}, ${dtype}`,
    (weightBytes / GB).toFixed(2),
    openSeconds.toFixed(2),
    ((openSeconds * GB) / weightBytes).toFixed(2),
    stepSeconds.toFixed(3),
    (flops / GB).toFixed(1),
    (flops / GB / stepSeconds).toFixed(1),
    (peakBytes / GB).toFixed(2),
    ...diffusers.flatMap(cellsOf),
    ...(diffusers.length > 0 ? [(stepSeconds / fastest).toFixed(3)] : []),
    deviation?.largest.toExponential(1) ?? "",
    deviation?.relative.toExponential(1) ?? "",
  ];
}

function cellsOf({ openSeconds, stepSeconds, peakBytes }: TheirMeasurement): string[] {
  return [openSeconds.toFixed(2), stepSeconds.toFixed(3), (peakBytes / GB).toFixed(2)];
}
