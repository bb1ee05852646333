import { readFile } from "node:fs/promises";

/** What all nodes of one operator took in one run. */
export interface OperatorTime {
  readonly operator: string;
  readonly nodes: number;
  readonly seconds: number;
}

/** An entry of ONNX Runtime's profile; durations are in microseconds. */
interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

/** What the operators took in the last run of a profile that ONNX Runtime wrote, those that took longest first. */
export async function readOperatorTimes(path: string): Promise<OperatorTime[]> {
  return operatorTimes(JSON.parse(await readFile(path, "utf8")) as TraceEvent[]);
}

/** The same of the entries of a profile. */
export function operatorTimes(events: readonly TraceEvent[]): OperatorTime[] {
  const kernels = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));
  const start = kernels.findLastIndex(({ name }) => name === kernels[0]?.name);
  const times = new Map<string, OperatorTime>();
  for (const { args, dur } of kernels.slice(Math.max(0, start))) {
    const operator = args.op_name!;
    const { nodes, seconds } = times.get(operator) ?? { nodes: 0, seconds: 0 };
    times.set(operator, { operator, nodes: nodes + 1, seconds: seconds + dur / 1e6 });
  }
  return [...times.values()].sort((a, b) => b.seconds - a.seconds);
}
