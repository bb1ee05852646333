import { createCheckpoint, createGraphBuilder, int8Linear } from "@unclip/graph";
import { InferenceSession } from "onnxruntime-node";
import { tensor } from "@unclip/tensor";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { int8Overflows } from "../src/node/int8-overflow.js";

it("products of u8 and s8 overflow nowhere that has VNNI", async () => {
  const overflows = await int8Overflows();
  const flags = process.platform === "linux" ? readFileSync("/proc/cpuinfo", "utf8") : "";
  if (/vnni|asimd/.test(flags)) expect(overflows).toBe(false);
  expect(await int8Overflows()).toBe(overflows); // the answer is kept
});

it("ONNX Runtime knows the setting that keeps them from it, also for several layers", async () => {
  const g = createGraphBuilder({ name: "net", checkpoint: createCheckpoint("net", new Map()) });
  const numbers = (type: "float" | "int8", value: number, dims: number[]) =>
    g.constant(type, Array<number>(dims.reduce((a, b) => a * b)).fill(value), dims);
  const layer = (weight: number) => ({
    weight: numbers("int8", weight, [16, 16]),
    weightScale: numbers("float", 1 / (255 * weight * 16), [16]),
    inputScale: numbers("float", 1 / 255, [1]),
    inputZeroPoint: g.constant("uint8", [0], [1]),
  });
  const x = g.input("x", "float", [1, 16]);
  g.output("y", int8Linear(g, int8Linear(g, x, layer(127), undefined), layer(126), undefined));
  const { bytes } = g.finish();
  const session = await InferenceSession.create(bytes, { extra: { session: { x64quantprecision: "1" } } });
  const { y } = await session.run({ x: tensor(new Float32Array(16).fill(1), [1, 16]) });
  await session.release();
  expect([...(y!.data as Float32Array)]).toEqual(Array(16).fill(1));
});
