import { createScore, type StudyPlot, type StudyResult } from "@unclip/evaluation";
import { formatCell, formatScore, htmlReport, plotSvg } from "@unclip/evaluation/report";
import { describe, expect, it } from "vitest";

const lines: StudyPlot = {
  title: "Spread & guidance",
  kind: "lines",
  x: "guidance",
  y: "spread",
  range: [0, 1],
  points: [
    { series: "full <stack>", x: 1, y: 0.5, low: 0.4, high: 0.6 },
    { series: "full <stack>", x: 2, y: 0.4 },
    { series: "caption", x: 1, y: 0.6 },
    { series: "caption", x: 2, y: 0.2 },
  ],
};
const bars: StudyPlot = {
  ...lines,
  kind: "bars",
  points: ["one", "two"].flatMap((x) => ["a", "b"].map((series) => ({ series, x, y: 0.5, low: 0.4, high: 0.6 }))),
};

const count = (text: string, part: string) => text.split(part).length - 1;

describe("formatCell", () => {
  it("writes numbers with the digits of their column, shares with intervals", () => {
    expect(formatCell(1.2345, { name: "", digits: 1 })).toBe("1.2");
    expect(formatCell(1.2345, { name: "" })).toBe("1.23");
    expect(formatCell("word", { name: "" })).toBe("word");
    expect(formatCell(null, { name: "" })).toBe("-");
    expect(formatCell(createScore(1, 2), { name: "" })).toBe("50.0 % (9.5-90.5)");
    expect(formatScore(createScore(0, 0))).toBe("-");
  });
});

describe("plotSvg", () => {
  it("draws a line and a name for each series, a dot for each point, a rule for each interval", () => {
    const svg = plotSvg(lines);
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toMatch(/<\/svg>$/);
    expect(count(svg, "<circle ")).toBe(4);
    expect(svg).toContain("■ full &lt;stack&gt;");
    expect(svg).toContain("■ caption");
    expect(svg).toContain('aria-label="Spread &amp; guidance"');
    expect(svg).toContain("spread");
    const withoutIntervals = plotSvg({ ...lines, points: lines.points.map(({ series, x, y }) => ({ series, x, y })) });
    expect(count(svg, "<line ")).toBe(count(withoutIntervals, "<line ") + 1);
  });

  it("groups bars, and names their series once", () => {
    const svg = plotSvg(bars);
    expect(count(svg, "■ a")).toBe(1);
    expect(count(svg, "■ b")).toBe(1);
    expect(count(svg, "<rect ")).toBeGreaterThanOrEqual(4);
  });

  it("draws bars of one series without a legend", () => {
    const svg = plotSvg({ ...bars, points: bars.points.filter(({ series }) => series === "a") });
    expect(svg).not.toContain("■");
    expect(svg).toContain(">two<");
  });
});

describe("htmlReport", () => {
  const result: StudyResult = {
    findings: ["5 < 6"],
    tables: [{ title: "Numbers", columns: [{ name: "name" }, { name: "x", digits: 0 }], rows: [["<b>", 3.2]] }],
    plots: [lines],
    sheets: [{ title: "Pictures", columns: 1, rows: ["a", "b"], pictures: [] }],
  };

  it("holds all of a study in one file that asks for no other", () => {
    const html = htmlReport({
      study: { title: "Q & A", question: "Why?" },
      result,
      sheets: [Uint8Array.of(1, 2, 3)],
      about: { command: "unclip evaluate x" },
    });
    expect(html).toMatch(/^<!doctype html>/);
    for (const part of [
      "<h1>Q &amp; A</h1>",
      "5 &lt; 6",
      "<td>&lt;b&gt;</td><td>3</td>",
      "<svg ",
      "data:image/png;base64,AQID",
      "Rows: a; b.",
      "<dt>command</dt><dd>unclip evaluate x</dd>",
    ]) {
      expect(html).toContain(part);
    }
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|<script|<link/);
  });
});
