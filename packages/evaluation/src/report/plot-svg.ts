import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { StudyPlot } from "../studies/study.js";

/** Colours that those who see few colours tell apart, for up to eight series.
 * @see Okabe and Ito 2008, Color Universal Design */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

const [WIDTH, HEIGHT, LEGEND] = [740, 380, 190];

const SVG = "http://www.w3.org/2000/svg";

const CENTRED = { labelAnchor: "center", labelArrow: "none" } as const;

/** A plot as an SVG file, 740 x 380, on white. */
export function plotSvg(plot: StudyPlot): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const series = [...new Set(plot.points.map((point) => point.series))];
  const colours = series.map((_, i) => COLOURS[i % COLOURS.length]!);
  const shared: Plot.PlotOptions = {
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 60,
    marginRight: LEGEND,
    marginBottom: 50,
    marginTop: 30,
    style: { background: "white", color: "#222", fontFamily: "sans-serif", fontSize: "12px" },
    color: { domain: series, range: colours },
    y: { label: plot.y, grid: true, nice: true, ...(plot.range && { domain: [...plot.range] }) },
  };
  const legend = series.map((name, i) =>
    Plot.text([`■ ${name}`], {
      frameAnchor: "top-right",
      textAnchor: "start",
      dx: 12,
      dy: 18 * i,
      fill: colours[i]!,
      fontWeight: "bold",
      facet: "super", // once, not in each group
    }),
  );
  const svg = plot.kind === "lines" ? lines(plot, shared, legend) : bars(plot, shared, legend);
  svg.setAttribute("xmlns", SVG);
  const ground = document.createElementNS(SVG, "rect"); // the style's background is known to browsers alone
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: "white" })) {
    ground.setAttribute(name, value);
  }
  svg.insertBefore(ground, svg.firstChild);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", plot.title.replaceAll("&", "&amp;").replaceAll("<", "&lt;")); // linkedom escapes quotes alone
  return svg.outerHTML;
}

function lines(plot: StudyPlot, shared: Plot.PlotOptions, legend: readonly Plot.Markish[]): Element {
  const points = [...plot.points];
  const channels = { x: "x", y: "y", stroke: "series" };
  return Plot.plot({
    ...shared,
    x: {
      ...CENTRED,
      label: plot.x,
      ticks: [...new Set(points.map(({ x }) => x as number))],
      tickFormat: shortNumber,
      inset: 10,
    },
    marks: [
      Plot.frame({ stroke: "#ccc" }),
      Plot.ruleX(
        points.filter(({ low }) => low !== undefined),
        { x: "x", y1: "low", y2: "high", stroke: "series", strokeOpacity: 0.6 },
      ),
      Plot.lineY(points, { ...channels, strokeWidth: 2 }),
      Plot.dot(points, { x: "x", y: "y", fill: "series", r: 4 }),
      ...legend,
    ],
  });
}

/** A number without what rounding left of it: 0.3 for 0.30000000000000004. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function bars(plot: StudyPlot, shared: Plot.PlotOptions, legend: readonly Plot.Markish[]): Element {
  const points = plot.points.map((point) => ({ ...point, group: String(point.x) }));
  const isGrouped = new Set(points.map(({ series }) => series)).size > 1;
  const place = isGrouped ? { fx: "group", x: "series" } : { x: "group" };
  const names = {
    ...CENTRED,
    label: plot.x === "" ? null : plot.x,
    domain: [...new Set(points.map(({ group }) => group))],
  };
  return Plot.plot({
    ...shared,
    ...(isGrouped
      ? { fx: { ...names, axis: "bottom" as const }, x: { axis: null, domain: shared.color!.domain } }
      : { x: names, marginRight: 20 }),
    marks: [
      Plot.barY(points, { ...place, y: "y", fill: "series" }),
      Plot.ruleX(
        points.filter(({ low }) => low !== undefined),
        { ...place, y1: "low", y2: "high", stroke: "#222", strokeWidth: 1.5 },
      ),
      Plot.ruleY([Math.max(0, plot.range?.[0] ?? 0)]),
      ...(isGrouped ? legend : []),
    ],
  });
}
