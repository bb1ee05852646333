import { readTorchFile } from "@unclip/graph";
import { isUnclipError } from "@unclip/tensor";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createDice, damageBytes } from "../../../test-support/dice.js";
import { fixturePath } from "../../../test-support/index.js";
import { storedTensors, torchFileOf } from "../../../test-support/torch-file.js";

const CASES = Number(process.env["UNCLIP_FUZZ_CASES"] ?? 3000);
const FROM = Number(process.env["UNCLIP_FUZZ_FROM"] ?? 0);

const FILES: Buffer[] = [
  "network.bin",
  "types.bin",
  "shared.bin",
  "parameters.pt",
  "training.ckpt",
  "protocol-4.bin",
].map((name) => readFileSync(fixturePath(`torch-files/${name}`)));
const prior = storedTensors(readFileSync(fixturePath("karlo-tiny/prior/diffusion_pytorch_model.safetensors")));
const small = Object.fromEntries(Object.entries(prior).filter(([, { bytes }]) => bytes.length < 600));
FILES.push(torchFileOf(small, { zip64: true }));

/** Reads a damaged file: what came of it, and how long it took. */
async function tryToRead(content: Buffer): Promise<{ refusal?: string; ms: number }> {
  const start = performance.now();
  const file = {
    where: "a.bin",
    sizeBytes: content.length,
    bytes: async (from: number, to: number) => content.subarray(from, to),
  };
  try {
    for (const [name, { dims, offset, sizeBytes }] of await readTorchFile(file)) {
      const isInside = Number.isSafeInteger(offset) && offset >= 0 && offset + sizeBytes <= content.length;
      if (!isInside) throw new Error(`${name} [${dims.join()}] lies outside of the file`);
    }
    return { ms: performance.now() - start };
  } catch (error) {
    if (!isUnclipError(error, "weights")) throw error;
    return { refusal: error.message, ms: performance.now() - start };
  }
}

it(`takes or refuses each of ${CASES} damaged files, within a second and little memory`, async () => {
  let [taken, slowest, largest, longest] = [0, 0, 0, 0];
  for (let seed = FROM; seed < FROM + CASES; seed++) {
    const dice = createDice(seed);
    const content = dice.pick(FILES);
    const pickle = content.indexOf(Buffer.of(0x80));
    // The pickle, the directory and the end of the file, or anywhere.
    const part = dice.pick([
      [pickle, pickle + 900] as const,
      [content.length - 900, content.length] as const,
      [0, content.length] as const,
    ]);
    const before = process.memoryUsage().arrayBuffers;
    const { refusal, ms } = await tryToRead(damageBytes(content, dice, Math.max(0, part[0]), part[1])).catch(
      (cause: unknown) => {
        throw new Error(`case ${seed}`, { cause });
      },
    );
    if (refusal === undefined) taken++;
    slowest = Math.max(slowest, ms);
    longest = Math.max(longest, refusal?.length ?? 0);
    largest = Math.max(largest, process.memoryUsage().arrayBuffers - before);
    // eslint-disable-next-line no-control-regex
    expect(refusal ?? "", `case ${seed}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
  process.stdout.write(
    `cases ${CASES} from ${FROM} | clear errors ${CASES - taken} | checkpoints ${taken} | slowest ${slowest.toFixed(0)} ms\n`,
  );
  if (CASES >= 100) {
    expect(taken).toBeGreaterThan(CASES / 50); // numbers, names and stale bytes may change unseen
    expect(taken).toBeLessThan(CASES / 2);
  }
  expect(slowest).toBeLessThan(1000);
  expect(longest).toBeLessThan(700);
  expect(largest).toBeLessThan(2 ** 26);
});
