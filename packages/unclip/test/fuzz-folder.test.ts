import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectModel, isUnclipError, loadUnclip, type Picture } from "unclip";
import { expect, it, onTestFinished } from "vitest";
import { combineKandinsky } from "../../../test-support/combined-folder.js";
import { damageFolder } from "../../../test-support/damage-folder.js";
import { createDice } from "../../../test-support/dice.js";
import { fixturePath } from "../../../test-support/index.js";
import { saveWithTorch } from "../../../test-support/torch-folder.js";

/* `npm run fuzz -- --cases 5000 --from 300` runs more. Each case is known by its seed. */
const CASES = Number(process.env["UNCLIP_FUZZ_CASES"] ?? 300);
const FROM = Number(process.env["UNCLIP_FUZZ_FROM"] ?? 0);

const MODELS = [
  "karlo-tiny",
  "karlo-tiny-b",
  "karlo-tiny-c",
  "karlo-tiny-d",
  "toybox",
  "karlo-tiny saved by torch",
  "kandinsky-2-2-tiny in one folder",
  "kandinsky-2-1-tiny",
  "stable-unclip-tiny-l",
  "stable-unclip-tiny-h-b",
];

/** Copies of the models that are damaged and mended case by case. */
async function copies(): Promise<Map<string, string>> {
  const root = await mkdtemp(join(tmpdir(), "unclip-fuzz-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folders = MODELS.map((name) => [name, join(root, name)] as const);
  for (const [name, folder] of folders) {
    const toybox = fixturePath("../packages/toybox/model");
    if (name.endsWith("one folder")) await combineKandinsky(folder);
    else if (name.endsWith("torch")) await saveWithTorch(fixturePath("karlo-tiny"), folder);
    else await cp(name === "toybox" ? toybox : fixturePath(name), folder, { recursive: true });
  }
  const prior = "kandinsky-2-1-tiny-prior"; // lies beside its decoder
  await cp(fixturePath(prior), join(root, prior), { recursive: true });
  return new Map(folders);
}

const GREY: Picture = { width: 5, height: 4, data: new Uint8Array(60).fill(128) };
const small = { decoder: { steps: 2 } };

/** Inspects a model, paints a caption with it, and varies a picture. */
async function use(folder: string): Promise<readonly Picture[]> {
  await inspectModel(folder);
  const unclip = await loadUnclip(folder);
  const { upsamplers, prior } = unclip.stages;
  const request = upsamplers.length > 0 ? { ...small, upsamplers: [{ steps: 2 }] } : small;
  try {
    const painted = await unclip.generate("a red cube", { ...request, prior: prior ? { steps: 2 } : "none" });
    const varied = await unclip.vary(GREY, request);
    return [...painted.images, ...varied.images];
  } finally {
    await unclip.dispose();
  }
}

/** "clear error", "finite picture", or what else came of it. */
async function outcomeOf(folder: string): Promise<string> {
  const [started, memory] = [process.cpuUsage(), process.memoryUsage.rss()];
  const outcome = await use(folder).then(judgePictures, judgeError);
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6; // of all cores: unlike the time on the wall, it does not depend on the machine's other work
  const grown = process.resourceUsage().maxRSS / 2 ** 20 - memory / 2 ** 30;
  if (seconds > 10) return `${outcome} after ${seconds.toFixed(1)} s of computing`;
  return grown > 1 && process.resourceUsage().maxRSS > peak ? `${outcome} with ${grown.toFixed(1)} GB` : outcome;
}

/** The most memory of the cases before, in KiB: only a case that takes more can be told to take too much. */
let peak = 0;

function judgePictures(pictures: readonly Picture[]): string {
  const isWhole = ({ width, height, data }: Picture) => width > 0 && height > 0 && data.length === 3 * width * height;
  return pictures.length === 2 && pictures.every(isWhole) ? "finite picture" : "a broken picture";
}

/** A clear error is one of ours, one line of a length that can be read. */
function judgeError(error: unknown): string {
  if (!isUnclipError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(error.message)) return `control characters: ${JSON.stringify(error.message)}`;
  return error.message.length <= 2000 ? "clear error" : `a long message: ${error.message}`;
}

it(
  `opens and paints, or refuses in a clear sentence, each of ${CASES} damaged model folders`,
  async () => {
    const folders = await copies();
    for (const folder of folders.values()) expect(await outcomeOf(folder)).toBe("finite picture");
    const table = { "clear error": 0, "finite picture": 0 };
    const others: string[] = [];
    for (let seed = FROM; seed < FROM + CASES; seed++) {
      const dice = createDice(seed);
      const model = dice.pick(MODELS);
      const { what, undo } = await damageFolder(folders.get(model)!, dice);
      peak = process.resourceUsage().maxRSS;
      const outcome = await outcomeOf(folders.get(model)!);
      await undo();
      if (outcome in table) table[outcome as keyof typeof table]++;
      else {
        others.push(`case ${seed}, ${model}/${what}\n  ${outcome}`);
        process.stdout.write(`${others.at(-1)}\n`); // at once: a later case may end the process
      }
    }
    process.stdout.write(
      `cases ${CASES} from ${FROM} | clear errors ${table["clear error"]} | finite pictures ${table["finite picture"]} | anything else ${others.length}\n`,
    );
    expect(others.join("\n")).toBe("");
    if (CASES < 100) return; // too few to ask for some of each
    for (const count of Object.values(table)) expect(count).toBeGreaterThan(CASES / 10);
  },
  CASES * 10_000,
);
