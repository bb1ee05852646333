import type { Command } from "commander";
import { quote, type ComponentReport, type ModelReport, type NetworkDecision } from "unclip";
import { jsonLine } from "./json-line.js";
import { textTable } from "./text-table.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface InspectFlags {
  json?: boolean;
  priorModel?: string;
}

/** Adds `inspect` to the program.
 * @param run what happens when the command is given */
export function addInspectCommand(program: Command, run: (folder: string, flags: InspectFlags) => Promise<void>): void {
  program
    .command("inspect")
    .description(
      "list a model's components, their sizes and parameters, and what is missing; exit code 1 if it cannot paint",
    )
    .argument("<folder>", "a model folder, toybox, or owner/name[@revision] on the hub")
    .option("--prior-model <model>", "another model, from which the prior is taken: a folder or an id on the hub")
    .option("--json", "print one JSON object on stdout and nothing else")
    .option("--verbose", "show the stack trace of an error")
    .action(run);
}

/** Prints what is in a model folder.
 * @returns whether the model can paint */
export async function inspect(folder: string, flags: InspectFlags, host: Host): Promise<boolean> {
  const { json = false, priorModel } = flags;
  const report = await host.engine.inspectModel(folder, priorModel === undefined ? {} : { priorModel });
  if (json) host.stdout.write(jsonLine(report));
  else host.stdout.write(reportAsText(report));
  return report.problems.length === 0;
}

function reportAsText({ model, className, components, quantization, problems, can, lacks }: ModelReport): string {
  const head = ["component", "class", "parameters", "size", "weights", "status"];
  const table = [head, ...components.map(rowOf), totalOf(components)];
  const lines = textTable(table, (column) => column === 2 || column === 3);
  const verdict =
    problems.length === 0 ? ["ready to paint"] : problems.map((problem) => `problem: ${quote(problem, { max: 1000 })}`);
  const abilities = [
    ...can.map((words) => `can: ${words}`),
    ...lacks.map((reason) => `lacks: ${quote(reason, { max: 1000 })}`),
  ];
  const int8 = quantization === undefined ? [] : [...quantization.networks.flatMap(linesOf), ""];
  const gap = abilities.length === 0 ? [] : [""];
  return `${[quote(`${model}: ${className}`), "", ...lines, "", ...int8, ...abilities, ...gap, ...verdict].join("\n")}\n`;
}

/** What became of a quantised network: how many of its layers are int8, what that costs, and why the others are not. */
function linesOf({ component, error, layers }: NetworkDecision): string[] {
  const name = quote(component);
  const float = layers.filter(({ type }) => type === "float");
  const cost = error === undefined ? "" : `, error of its output ${percentOf(error)}`;
  const reasons = new Map<string, string[]>();
  for (const { key, reason = "no reason given", error: own } of float) {
    const shown = `${key}${own === undefined ? "" : ` (${percentOf(own)} alone)`}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), shown]);
  }
  return [
    `int8: ${name}: ${layers.length - float.length} of ${layers.length} layers${cost}`,
    ...[...reasons].map(([reason, keys]) => `  in float: ${quote(listOf(keys), { max: 400 })}: ${quote(reason)}`),
  ];
}

const MOST_NAMES = 4;

function listOf(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `${names.slice(0, MOST_NAMES).join(", ")}${more}`;
}

/** 0.01234 as "1.2 %". */
function percentOf(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function rowOf({ name, className, parameters, sizeBytes, dtypes, status }: ComponentReport): string[] {
  return [
    name,
    className,
    parameters === 0 ? "" : countOf(parameters),
    sizeBytes === 0 ? "" : sizeOf(sizeBytes),
    dtypes.join(" "),
    status === "ok" ? "ok" : "see below",
  ];
}

function totalOf(components: readonly ComponentReport[]): string[] {
  const sum = (key: "parameters" | "sizeBytes") => components.reduce((total, component) => total + component[key], 0);
  return ["total", "", countOf(sum("parameters")), sizeOf(sum("sizeBytes")), "", ""];
}

/** 1234567 as "1,234,567". */
function countOf(count: number): string {
  return count.toLocaleString("en-US");
}

/** Bytes in the unit that leaves one to three digits before the point: "950 B", "6.2 MB", "3.4 GB". */
function sizeOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const index = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** index).toFixed(index === 0 ? 0 : 1)} ${units[index]}`;
}
