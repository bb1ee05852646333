/* eslint-disable no-control-regex -- escape sequences are what is tested */
import { describe, expect, it } from "vitest";
import { createProgress, elapsed } from "../src/progress.js";
import { createFakeHost, gradient, type FakeHostOptions } from "./fake-host.js";

const terminal = { isTTY: true, columns: 60, rows: 24 };

/** A host and its progress, with a clock that the test sets. */
function createSetup(options: FakeHostOptions) {
  const clock = { ms: 0 };
  const host = { ...createFakeHost(options), now: () => clock.ms };
  return { clock, stderr: host.stderr, progress: createProgress(host) };
}

/** What a terminal shows: text without colours, moves up and erasures carried out. */
function screenOf(text: string): string[] {
  const lines = [""];
  let row = 0;
  for (const token of text.split(/(\x1b\[\d*A|\x1b\[J|\x1b\[[\d;]*m|\r|\n)/)) {
    const up = /^\x1b\[(\d+)A$/.exec(token);
    if (up) row -= Number(up[1]);
    else if (token === "\x1b[J") lines.splice(row, Infinity, "");
    else if (token === "\n") lines[++row] ??= "";
    else if (!/^(\r|\x1b.*)$/.test(token)) lines[row] += token;
  }
  return lines;
}

describe("progress on a terminal", () => {
  it("redraws one line for each stage", async () => {
    const { clock, stderr, progress } = createSetup({ stderr: terminal, env: { NO_COLOR: "1" } });
    await progress.show({ stage: "prior", step: 0, steps: 4 });
    clock.ms = 1000;
    await progress.show({ stage: "prior", step: 1, steps: 4 });
    expect(screenOf(stderr.text)).toEqual(["prior        ━━━━━━──────────────────  1/4     1.0 s", ""]);
    clock.ms = 2000;
    await progress.show({ stage: "decoder", step: 0, steps: 10 });
    progress.finish();
    expect(screenOf(stderr.text)).toEqual([
      "prior        ━━━━━━━━━━━━━━━━━━━━━━━━  4/4     2.0 s",
      "decoder      ━━━━━━━━━━━━━━━━━━━━━━━━  10/10   0.0 s",
      "",
    ]);
    expect(stderr.text).not.toMatch(/\x1b\[[\d;]*m/);
  });

  it("shows the preview below the line, and takes it away at the end of the stage", async () => {
    const { stderr, progress } = createSetup({ stderr: terminal, env: { TERM: "xterm" } });
    const preview = async () => [gradient(4, 4)];
    await progress.show({ stage: "decoder", step: 0, steps: 2 });
    await progress.show({ stage: "decoder", step: 2, steps: 2, preview });
    expect(screenOf(stderr.text).slice(1)).toEqual(["▀▀▀▀", "▀▀▀▀", ""]);
    progress.finish();
    expect(screenOf(stderr.text)).toHaveLength(2);
  });

  it("leaves the bar where it was when the work stops", async () => {
    const { stderr, progress } = createSetup({ stderr: terminal, env: { NO_COLOR: "1" } });
    await progress.show({ stage: "prior", step: 1, steps: 4 });
    progress.stop();
    expect(screenOf(stderr.text)).toEqual(["prior        ━━━━━━──────────────────  1/4     0.0 s", ""]);
  });

  it("draws no more often than an eye sees", async () => {
    const { clock, stderr, progress } = createSetup({ stderr: terminal });
    for (let step = 0; step <= 100; step++) {
      clock.ms = step * 10;
      await progress.show({ stage: "decoder", step, steps: 100 });
    }
    expect(stderr.text.match(/\n/g)!.length).toBeLessThan(20);
  });

  it("stays inside a narrow and low terminal", async () => {
    const { stderr, progress } = createSetup({ stderr: { isTTY: true, columns: 20, rows: 8 } });
    await progress.show({
      stage: "decoder",
      step: 1,
      steps: 2,
      preview: async () => [gradient(64, 64), gradient(64, 64)],
    });
    const screen = screenOf(stderr.text);
    expect(Math.max(...screen.map((line) => line.length))).toBeLessThan(20);
    expect(screen.length).toBeLessThan(8);
  });

  it("removes its picture from a Kitty screen", async () => {
    const { stderr, progress } = createSetup({ stderr: terminal, env: { TERM: "xterm-kitty" } });
    await progress.show({ stage: "decoder", step: 1, steps: 2, preview: async () => [gradient(4, 4)] });
    progress.stop();
    expect(stderr.text).toContain("\x1b_Ga=d,d=I,i=7695971,q=2\x1b\\");
  });
});

const NUMBERS = [0, 1, -1, 7, 25, 0.5, 1e9, 2 ** 53, NaN, Infinity, -Infinity];
const pairs = NUMBERS.flatMap((step) => NUMBERS.map((steps) => ({ step, steps })));

describe("progress with any numbers", () => {
  it.each(pairs)("draws a whole bar for $step of $steps", async ({ step, steps }) => {
    const { stderr, progress } = createSetup({ stderr: terminal, env: { NO_COLOR: "1" } });
    await progress.show({ stage: "decoder", step: 0, steps });
    await progress.show({ stage: "decoder", step, steps });
    progress.finish();
    const [line] = screenOf(stderr.text);
    if (steps === 0) expect(stderr.text).toBe("");
    else expect(line).toMatch(/^decoder {6}━*─* /);
    expect(line!.match(/[━─]/g) ?? []).toHaveLength(steps === 0 ? 0 : 24);
  });

  it.each(pairs)("writes lines for $step of $steps", async ({ step, steps }) => {
    const { stderr, progress } = createSetup({});
    await progress.show({ stage: "decoder", step, steps });
    progress.finish();
    expect(stderr.text).toMatch(/^(decoder: .* steps?, 0\.0 s\n)?$/);
  });
});

describe("progress elsewhere", () => {
  it("is one line for each stage, and one for every ten seconds of a slow one", async () => {
    const { clock, stderr, progress } = createSetup({});
    await progress.show({ stage: "clip", step: 0, steps: 1 });
    clock.ms = 500;
    for (let step = 0; step <= 25; step++) {
      clock.ms += 1000;
      await progress.show({ stage: "decoder", step, steps: 25 });
    }
    progress.finish();
    expect(stderr.text.split("\n")).toEqual([
      "clip: 1 step, 1.5 s",
      "decoder: step 10 of 25, 10.0 s",
      "decoder: step 20 of 25, 20.0 s",
      "decoder: 25 steps, 25.0 s",
      "",
    ]);
  });

  it("leaves out a stage without steps", async () => {
    const { stderr, progress } = createSetup({});
    await progress.show({ stage: "prior", step: 0, steps: 0 });
    progress.finish();
    expect(stderr.text).toBe("");
  });
});

describe("elapsed", () => {
  it.each([
    [0, "0.0 s"],
    [449, "0.4 s"],
    [59_949, "59.9 s"],
    [59_951, "1 min 00 s"],
    [125_000, "2 min 05 s"],
  ])("says %i ms as %s", (ms, text) => expect(elapsed(ms)).toBe(text));
});
