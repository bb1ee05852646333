import { createRun, isUnclipError, type Run } from "@unclip/tensor";
import { describe, expect, it, vi } from "vitest";

/** Three steps and a result; notes what it does. */
function counted(): { run: Run<string, number>; log: string[] } {
  const log: string[] = [];
  const run = createRun(async function* () {
    try {
      for (const step of [1, 2, 3]) {
        log.push(`step ${step}`);
        await Promise.resolve();
        yield step;
      }
      log.push("result");
      return "done";
    } finally {
      log.push("end");
    }
  });
  return { run, log };
}

async function stepsOf<S>(run: Run<unknown, S>): Promise<S[]> {
  const steps: S[] = [];
  for await (const step of run) steps.push(step);
  return steps;
}

const whole = ["step 1", "step 2", "step 3", "result", "end"];

describe("a run", () => {
  it("gives its result when awaited", async () => {
    const { run, log } = counted();
    expect(await run).toBe("done");
    expect(log).toEqual(whole);
  });

  it("gives its steps when iterated, and its result after that, without doing the work again", async () => {
    const { run, log } = counted();
    expect(await stepsOf(run)).toEqual([1, 2, 3]);
    expect(await run).toBe("done");
    expect(await run).toBe("done");
    expect(log).toEqual(whole);
  });

  it("does nothing before it is awaited or iterated", async () => {
    const { log } = counted();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log).toEqual([]);
  });

  it("goes on only as steps are asked for while it is iterated", async () => {
    const { run, log } = counted();
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log).toEqual(["step 1"]);
  });

  it("can be awaited and iterated at the same time", async () => {
    const { run, log } = counted();
    const [result, steps, more] = await Promise.all([run, stepsOf(run), stepsOf(run)]);
    expect({ result, steps, more }).toEqual({ result: "done", steps: [1, 2, 3], more: [1, 2, 3] });
    expect(log).toEqual(whole);
  });

  it("stops when the loop is left, and tells whoever awaits it", async () => {
    const { run, log } = counted();
    for await (const step of run) if (step === 2) break;
    expect(log).toEqual(["step 1", "step 2", "end"]);
    await expect(Promise.resolve(run)).rejects.toSatisfy((error) => isUnclipError(error, "aborted"));
    await expect(Promise.resolve(run)).rejects.toThrow(/^run: stopped, because the loop over its steps was left$/);
    expect(await stepsOf(run).catch((error: unknown) => isUnclipError(error, "aborted"))).toBe(true);
  });

  it("stops for those who await it too when one loop is left", async () => {
    const { run } = counted();
    const awaited = Promise.resolve(run).catch((error: unknown) => isUnclipError(error, "aborted"));
    for await (const _ of run) break;
    expect(await awaited).toBe(true);
  });

  it("is not stopped by a loop that is left after the end", async () => {
    const { run } = counted();
    await run;
    for await (const _ of run) break;
    expect(await run).toBe("done");
  });

  it("passes an error to whoever awaits and iterates", async () => {
    const failing = createRun(async function* (): AsyncGenerator<number, string> {
      yield 1;
      throw new Error("broken");
    });
    const seen: number[] = [];
    const loop = async () => {
      for await (const step of failing) seen.push(step);
    };
    await expect(loop()).rejects.toThrow("broken");
    await expect(Promise.resolve(failing)).rejects.toThrow("broken");
    expect(seen).toEqual([1]);
  });

  it("passes its steps and its result on inside another run", async () => {
    const outer = createRun(async function* (): AsyncGenerator<number, string> {
      const result = yield* counted().run;
      yield 4;
      return `${result} twice`;
    });
    expect(await stepsOf(outer)).toEqual([1, 2, 3, 4]);
    expect(await outer).toBe("done twice");
  });

  it("leaves no unhandled rejection where nobody awaits", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { run } = counted();
    for await (const _ of run) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
