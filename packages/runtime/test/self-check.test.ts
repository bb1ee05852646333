import { openSession } from "@unclip/runtime/node";
import { tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { selfCheck } from "../src/self-check.js";
import type { Model, Session } from "../src/session.js";

/** Opens on the CPU, with the numbers that come out changed; says how often it was closed. */
function deviceThat(change: (values: Float32Array) => void) {
  const closed: string[] = [];
  const open = async (model: Model): Promise<Session> => {
    const session = await openSession(model);
    return {
      async run(feeds) {
        const y = (await session.run(feeds))["y"]!;
        const values = Float32Array.from(y.data as Float32Array);
        change(values);
        return { y: tensor(values, y.dims) };
      },
      async release() {
        closed.push(model.graph.name);
        await session.release();
      },
    };
  };
  return { open, closed };
}

describe("selfCheck", () => {
  it("takes a device that computes what the CPU does, and closes its network", async () => {
    const { open, closed } = deviceThat(() => undefined);
    await selfCheck(open);
    expect(closed).toEqual(["self-check"]);
  });

  it("lets numbers of float16 be off by some of its steps, and no more", async () => {
    const off = (by: number) => deviceThat((values) => void (values[6]! += by)).open;
    await selfCheck(off(8e-3), "float16");
    await expect(selfCheck(off(2e-2), "float16")).rejects.toThrow(/^it computes wrong numbers/);
    await expect(selfCheck(off(8e-3), "float32")).rejects.toThrow(/^it computes wrong numbers/);
  });

  it.each([
    ["a number is off", (values: Float32Array) => void (values[7]! += 2e-4), /^it computes wrong numbers: \[/],
    ["a number is far below", (values: Float32Array) => void (values[0]! -= 1), /, not \[0\.149132, 1\.423104, /],
    ["numbers are NaN", (values: Float32Array) => void values.fill(NaN), /\[NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN\]/],
  ])("refuses one where %s, and closes its network", async (_, change, message) => {
    const { open, closed } = deviceThat(change);
    await expect(selfCheck(open)).rejects.toThrow(message);
    expect(closed).toEqual(["self-check"]);
  });
});
