import { expect, it } from "vitest";
import { operatorTimes } from "../src/operators.js";

const kernel = (name: string, op_name: string, dur: number) => ({
  cat: "Node",
  name: `${name}_kernel_time`,
  dur,
  args: { op_name },
});

it("adds up the operators of the last run, the longest first", () => {
  const runs = [1, 2].flatMap((factor) => [
    kernel("a", "Add", 10 * factor),
    { cat: "Node", name: "a_fence_before", dur: 1000, args: { op_name: "Add" } },
    kernel("c", "Conv", 500 * factor),
    kernel("b", "Add", 30 * factor),
    { cat: "Session", name: "model_run", dur: 5000, args: {} },
  ]);
  expect(operatorTimes(runs)).toEqual([
    { operator: "Conv", nodes: 1, seconds: 1000e-6 },
    { operator: "Add", nodes: 2, seconds: 80e-6 },
  ]);
});

it("finds none where nothing ran", () => {
  expect(operatorTimes([])).toEqual([]);
});
