import type { Measurement } from "./measurement.js";

const GB = 1e9;

/** The measurements as a Markdown table. */
export function formatTable(measurements: readonly Measurement[]): string {
  const header = [
    "stage",
    "weights GB",
    "open s",
    "open s/GB",
    "step s",
    "GFLOP",
    "GFLOP/s",
    "peak GB",
    "diffusers open s",
    "diffusers step s",
    "diffusers peak GB",
    "step ratio",
    "difference",
  ];
  const rows = [header, header.map((_, i) => (i === 0 ? "---" : "---:")), ...measurements.map(row)];
  const widths = header.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) => `| ${cells.map((cell, i) => pad(cell, widths[i]!, i)).join(" | ")} |`).join("\n");
}

function row({ title, weightBytes, flops, unclip, diffusers, difference }: Measurement): string[] {
  return [
    title,
    (weightBytes / GB).toFixed(2),
    unclip.openSeconds.toFixed(2),
    ((unclip.openSeconds * GB) / weightBytes).toFixed(2),
    unclip.stepSeconds.toFixed(3),
    (flops / GB).toFixed(1),
    (flops / GB / unclip.stepSeconds).toFixed(1),
    (unclip.peakBytes / GB).toFixed(2),
    diffusers?.openSeconds.toFixed(2) ?? "",
    diffusers?.stepSeconds.toFixed(3) ?? "",
    diffusers === undefined ? "" : (diffusers.peakBytes / GB).toFixed(2),
    diffusers === undefined ? "" : (unclip.stepSeconds / diffusers.stepSeconds).toFixed(3),
    difference?.toExponential(1) ?? "",
  ];
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || cell.startsWith("---") ? cell.padEnd(width) : cell.padStart(width);
}
