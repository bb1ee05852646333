import { expect, it } from "vitest";
import { formatPictureTable } from "../src/picture-table.js";

const one = { version: "x", pictures: [], peakBytes: 2.5e9 };
const unclip = { ...one, side: "unclip" as const, preset: "exact" as const, dtype: "float32" as const };
const diffusers = { ...one, side: "diffusers" as const };

function columnsOf(table: string) {
  const cells = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return (name: string) => cells.map((row) => row[cells[0]!.indexOf(name)]).slice(2);
}

it("compares every way to paint with the one of diffusers that paints fastest", () => {
  const column = columnsOf(
    formatPictureTable([
      { ...unclip, openSeconds: 10, paintSeconds: 30 },
      {
        ...unclip,
        preset: "fast",
        dtype: "int8",
        openSeconds: 2,
        paintSeconds: 5,
        errors: { decoder: 0.5, final: 0.25 },
      },
      { ...diffusers, dtype: "float32", openSeconds: 1, paintSeconds: 60 },
      { ...diffusers, dtype: "bfloat16", openSeconds: 5, paintSeconds: 20, errors: { decoder: 0.04, final: 0.03 } },
    ]),
  );
  expect(column("picture")).toEqual(["unclip, exact", "unclip, fast", "diffusers", "diffusers"]);
  expect(column("type")).toEqual(["float32", "int8", "float32", "bfloat16"]);
  expect(column("together s")).toEqual(["40.0", "7.0", "61.0", "25.0"]);
  expect(column("painting ratio")).toEqual(["1.500", "0.250", "3.000", "1.000"]);
  expect(column("together ratio")).toEqual(["1.600", "0.280", "2.440", "1.000"]);
  expect(column("peak GB")).toEqual(["2.50", "2.50", "2.50", "2.50"]);
  expect(column("error of the decoder's picture")).toEqual(["", "5.0e-1", "", "4.0e-2"]);
  expect(column("error of the picture")).toEqual(["", "2.5e-1", "", "3.0e-2"]);
});

it("has no ratio where diffusers is missing", () => {
  const table = formatPictureTable([{ ...unclip, openSeconds: 1, paintSeconds: 3 }]);
  expect(table).not.toContain("ratio");
  expect(columnsOf(table)("painting s")).toEqual(["3.0"]);
});
