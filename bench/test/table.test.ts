import { expect, it } from "vitest";
import { formatOperators, formatTable } from "../src/table.js";

const side = { version: "x", openSeconds: 1, steps: [], peakBytes: 2e9 };
const ours = { ...side, weightBytes: 4e9, flops: 10e9 };

it("compares each type of ours with the fastest of diffusers'", () => {
  const table = formatTable([
    {
      stage: "decoder",
      title: "decoder, guided step",
      unclip: [
        { ...ours, dtype: "float32", stepSeconds: 3 },
        { ...ours, dtype: "int8", stepSeconds: 1, weightBytes: 1e9, deviation: { largest: 0.02, relative: 0.01 } },
      ],
      diffusers: [
        { ...side, dtype: "float32", stepSeconds: 6 },
        { ...side, dtype: "bfloat16", stepSeconds: 2 },
      ],
    },
  ]);
  const cells = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const column = (name: string) => cells.map((row) => row[cells[0]!.indexOf(name)]).slice(2);
  expect(column("stage")).toEqual(["decoder, guided step", "decoder, guided step, int8"]);
  expect(column("step ratio")).toEqual(["1.500", "0.500"]);
  expect(column("open s/GB")).toEqual(["0.25", "1.00"]);
  expect(column("bfloat16 step s")).toEqual(["2.000", "2.000"]);
  expect(column("relative error")).toEqual(["", "1.0e-2"]);
});

it("leaves out what was not measured", () => {
  const unclip = [{ ...ours, dtype: "float32" as const, stepSeconds: 3 }];
  const table = formatTable([{ stage: "text", title: "CLIP text", unclip, diffusers: [] }]);
  expect(table).not.toContain("diffusers");
  expect(table).not.toContain("ratio");
});

it("tells what operators took, short ones together", () => {
  const table = formatOperators([
    { operator: "Conv", nodes: 3, seconds: 0.9 },
    { operator: "Add", nodes: 2, seconds: 0.093 },
    { operator: "Mul", nodes: 5, seconds: 0.004 },
    { operator: "Sub", nodes: 1, seconds: 0.003 },
  ]);
  const rows = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  expect(rows.slice(2).map((cells) => cells.slice(1, -1))).toEqual([
    ["Conv", "3", "900.0", "90.0 %"],
    ["Add", "2", "93.0", "9.3 %"],
    ["others", "6", "7.0", "0.7 %"],
  ]);
});
