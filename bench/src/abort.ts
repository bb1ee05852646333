import { Command } from "commander";
import { isUnclipError } from "@unclip/tensor";
import { loadUnclip, type Unclip } from "unclip";

/* npm run bench:abort -- <folder>: how soon a run stops once its signal has fired, and whether timers fire while it works. */

const ABORT_MS = 100;
const TIMER_MS = 10;
const CAPTION = "a red cube";

const command = new Command("bench:abort")
  .description("time how soon a run stops after its signal has fired, in steps of the decoder")
  .argument("<folder>", "a model folder, for example packages/toybox/model")
  .parse();

const unclip = await loadUnclip(command.args[0]!, { keep: true });
const settings = { decoder: { steps: 500 }, upsamplers: 0 };
const stepMs = await decoderStep(unclip);
const { lateMs, ticks, ranMs } = await abortAfter(unclip);
const steps = (lateMs / stepMs).toFixed(1);
process.stdout.write(
  `a decoder step takes ${stepMs.toFixed(1)} ms; an abort after ${ABORT_MS} ms was honoured ${lateMs.toFixed(1)} ms late, ${steps} steps; ` +
    `a timer of ${TIMER_MS} ms fired ${ticks} times in ${ranMs.toFixed(0)} ms\n`,
);
await unclip.dispose();

/** Median milliseconds between two steps, after the first ones, which open the networks. */
async function decoderStep(unclip: Unclip): Promise<number> {
  const between: number[] = [];
  let last = performance.now();
  for await (const { stage } of unclip.generate(CAPTION, { ...settings, decoder: { steps: 50 } })) {
    const now = performance.now();
    if (stage === "decoder") between.push(now - last);
    last = now;
  }
  return between.toSorted((a, b) => a - b)[Math.floor(between.length / 2)]!;
}

async function abortAfter(unclip: Unclip): Promise<{ lateMs: number; ticks: number; ranMs: number }> {
  const controller = new AbortController();
  let ticks = 0;
  const start = performance.now();
  const timer = setInterval(() => ticks++, TIMER_MS);
  setTimeout(() => controller.abort(), ABORT_MS);
  try {
    await unclip.generate(CAPTION, { ...settings, signal: controller.signal });
    throw new Error(`the run ended before ${ABORT_MS} ms had passed`);
  } catch (error) {
    if (!isUnclipError(error, "aborted")) throw error;
  } finally {
    clearInterval(timer);
  }
  const ranMs = performance.now() - start;
  return { lateMs: ranMs - ABORT_MS, ticks, ranMs };
}
