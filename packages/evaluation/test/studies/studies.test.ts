import {
  loadToyboxBenchmark,
  STUDIES,
  type Score,
  type Study,
  type StudyModel,
  type StudyResult,
  type StudyStep,
} from "@unclip/evaluation";
import { resizePicture, tensor, type Picture, type TextFeatures } from "@unclip/tensor";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { fakeModel, grey, SIDE, type FakeModel } from "./fake-model.js";

/* Every study, on models whose answers are known. */

const benchmark = await loadToyboxBenchmark(async (bytes) => {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
});
const { cases } = benchmark;
afterAll(() => benchmark.dispose());

const studyOf = (name: string): Study => STUDIES.find((study) => study.name === name)!;

const run = (name: string, count: number, changes: FakeModel = {}): PromiseLike<StudyResult> =>
  studyOf(name).run({ model: withPriors(changes), benchmark, count });

/** A model with both priors, each of which gives the text embedding. */
function withPriors(changes: FakeModel = {}): StudyModel {
  const model = fakeModel(cases, changes);
  const prior = { name: "fake", embed: async ({ textEmbedding }: TextFeatures) => textEmbedding };
  return { ...model, stages: { prior, autoregressivePrior: prior, ...model.stages } };
}

/** The rows of the first table as records of their columns. */
function rowsOf({ tables: [table] }: StudyResult): Record<string, unknown>[] {
  const names = table!.columns.map(({ name }) => name);
  return table!.rows.map((row) => Object.fromEntries(row.map((cell, i) => [names[i], cell])));
}

describe.each(STUDIES)("$name", (study) => {
  const count = { classification: 20, quality: 6, priors: 12 }[study.name] ?? 4;

  it("counts its steps, and gives findings, tables and plots that JSON can hold", async () => {
    const steps: StudyStep[] = [];
    const running = study.run({ model: withPriors(), benchmark, count });
    for await (const step of running) steps.push(step);
    const { findings, tables, plots, sheets } = await running;
    for (const { step, steps: of } of steps) expect(step).toBeLessThanOrEqual(of);
    expect(steps.at(-1)!.step).toBe(steps.at(-1)!.steps);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.join()).not.toMatch(/NaN|undefined|Infinity/);
    expect(JSON.parse(JSON.stringify({ tables, plots }))).toEqual({ tables, plots });
    for (const { columns, rows } of tables) for (const row of rows) expect(row).toHaveLength(columns.length);
    for (const { points } of plots) {
      expect(points.length).toBeGreaterThan(0);
      for (const { y, low = y, high = y } of points) expect(low - 1e-9 <= y && y <= high + 1e-9).toBe(true);
    }
    for (const { pictures, columns, rows } of sheets) expect(pictures).toHaveLength(columns * rows.length);
  });

  it("stops when it is told to, and refuses more than there is", async () => {
    const controller = new AbortController();
    const stopped = study.run({ model: withPriors(), benchmark, count, signal: controller.signal });
    await expect(
      (async () => {
        for await (const { step } of stopped) if (step === 0) controller.abort();
      })(),
    ).rejects.toMatchObject({ code: "aborted" });
    const asked = study.run({ model: withPriors(), benchmark, count: 10_000 });
    await expect(asked).rejects.toThrow(/^n: the benchmark has \d+ that fit, got \d+; ask for fewer/);
  });
});

describe("inversion", () => {
  it("measures decibels against the picture at the decoder's size, and counts who did not come back", async () => {
    const vary: StudyModel["vary"] = async (pictures, { refinements }) => ({
      images: pictures.map((picture, i) => {
        const small = resizePicture(picture, SIDE, SIDE);
        return refinements === 0 || i === 0 ? grey() : small;
      }),
    });
    const rows = rowsOf(await run("inversion", 4, { vary }));
    const [refined, plain] = ["refined (default)", "not refined"].map((name) =>
      rows.find((row) => row["inversion"] === name && row["steps"] === 100)!,
    ) as [Record<string, number>, Record<string, number>];
    expect(refined["median"]).toBeCloseTo(10 * Math.log10(255 ** 2 * 12), 10); // equal in all bytes
    expect(refined["below 30 dB"]).toBe(1);
    expect(plain["below 30 dB"]).toBe(4);
    expect(plain["mean"]).toBeLessThan(20);
  });
});

describe("edits", () => {
  it("finds a picture that stays as it is kept, and not changed", async () => {
    for (const row of rowsOf(await run("edits", 12))) {
      expect(row["scene kept"]).toMatchObject({ right: 12 });
      expect(row["style changed"]).toMatchObject({ right: 0 });
      expect(row["both"]).toMatchObject({ right: 0 });
    }
  });

  it("finds a picture that becomes another one changed, and not kept", async () => {
    const edit: StudyModel["edit"] = async (_, { to, frames = 1 }) => {
      const style = /^a line drawing/.test(to) ? "line" : /^pixel art/.test(to) ? "pixel" : "flat";
      const shaded = !/^(a line drawing|pixel art|a flat picture)/.test(to);
      const other = cases.find(({ claim }) => claim.style === (shaded ? "shaded" : style))!;
      return { images: Array<Picture>(frames).fill(other.picture) };
    };
    const rows = rowsOf(await run("edits", 12, { edit }));
    expect((rows[0]!["style changed"] as Score).right).toBe(12);
    expect((rows[0]!["scene kept"] as Score).right).toBeLessThan(3);
  });

  it("asks for both ways: without the captions, and with them", async () => {
    const asked: unknown[] = [];
    const edit: StudyModel["edit"] = async (picture, { captions, from, to, frames = 1 }) => {
      asked.push(captions);
      expect(from).not.toBe(to);
      return { images: Array<Picture>(frames).fill(picture) };
    };
    await run("edits", 2, { edit });
    expect(asked).toEqual([false, false, true, true]);
  });
});

describe("inpainting", () => {
  it("paints within a box, and finds the rest as it was", async () => {
    const generate: StudyModel["generate"] = async (_, { image, mask }) => {
      const white = mask!.data.filter((value) => value === 255).length / mask!.data.length;
      expect(white).toBeGreaterThan(0.02);
      expect(white).toBeLessThan(0.8);
      return { images: [image!] };
    };
    const [all] = rowsOf(await run("inpainting", 12, { generate }));
    expect(all!["largest change outside"]).toBe(0);
    expect((all!["the rest is as it was"] as Score).right).toBeGreaterThan(9); // as well as the oracle reads 32 pixels
    expect((all!["the thing is the caption's"] as Score).right).toBe(0);
  });

  it("tells how much a pixel outside has changed", async () => {
    const generate: StudyModel["generate"] = async (_, { image, mask }) => {
      const outside = mask!.data.indexOf(0);
      const data = image!.data.map((value, i) => (i === outside ? value ^ 8 : mask!.data[i]! ^ value));
      return { images: [{ ...image!, data }] };
    };
    const [all] = rowsOf(await run("inpainting", 4, { generate }));
    expect(all!["largest change outside"]).toBe(8);
  });
});

describe("conditioning", () => {
  it("finds real pictures as right as they are, and grey ones wrong", async () => {
    const generate: StudyModel["generate"] = async (captions, { prior }) => {
      const isReal = (prior as { kind: string }).kind === "none";
      const pictureOf = (caption: string) =>
        resizePicture(cases.find((one) => one.caption === caption)!.picture, SIDE, SIDE);
      return { images: captions.map((caption) => (isReal ? pictureOf(caption) : grey())) };
    };
    const rows = rowsOf(await run("conditioning", 12, { generate }));
    expect(rows.map((row) => row["conditioned on"])).toEqual([
      "caption alone",
      "text embedding",
      "diffusion prior",
      "autoregressive prior",
      "real pictures",
    ]);
    expect((rows[0]!["all right"] as Score).right).toBeGreaterThan(9);
    expect((rows[1]!["all right"] as Score).right).toBe(0);
    expect(rows[0]!["Fréchet distance"]).toBeCloseTo(0, 8);
    expect(rows[1]!["Fréchet distance"]).toBeGreaterThan(1e-6);
  });
});

describe("binding", () => {
  it("tells own colours from exchanged ones", async () => {
    const pairs = cases.filter(({ claim: { things }, heldOut }) => {
      const [first, second] = things;
      return heldOut === undefined && second && first!.shape !== second.shape && first!.colour !== second.colour;
    });
    let asked = 0; // each caption, then the one with the colours exchanged, for which the picture is wrong
    const generate: StudyModel["generate"] = async (captions) => ({
      images: captions.map(() => pairs[Math.floor(asked++ / 2) % 5]!.picture),
    });
    const [first] = rowsOf(await run("binding", 5, { generate }));
    expect(first!["pictures"]).toBe(10);
    expect((first!["own colours"] as Score).right).toBeGreaterThanOrEqual(4);
    expect((first!["own colours"] as Score).right).toBeLessThanOrEqual(5);
    expect((first!["exchanged colours"] as Score).right).toBeGreaterThanOrEqual(4);
    expect((first!["exchanged colours"] as Score).right).toBeLessThanOrEqual(5);
  });
});

describe("guidance", () => {
  it("measures how far apart the pictures of one caption are, and holds the embedding of the full stack fixed", async () => {
    const asked: unknown[] = [];
    const generate: StudyModel["generate"] = async (_, { n = 1, decoder, prior }) => {
      asked.push(
        "embed" in prior! ? (await prior.embed({ textEmbedding: rowsTensor(n) } as never, {} as never))!.dims : 0,
      );
      const step = Math.round(60 / decoder!.guidanceScale!);
      const images = Array.from({ length: n }, (_, i) => ({ ...grey(), data: ramp(i * step) }));
      return { images };
    };
    const rows = rowsOf(await run("guidance", 2, { generate }));
    const spreads = rows.slice(0, rows.length / 2).map((row) => row["spread"] as number);
    expect(spreads).toEqual([...spreads].sort((a, b) => b - a));
    expect(spreads[0]).toBeGreaterThan(2 * spreads.at(-1)!);
    expect(asked.slice(0, asked.length / 2)).toEqual(asked.slice(0, asked.length / 2).map(() => [6, 8]));
    expect(asked.slice(asked.length / 2).every((one) => one === 0)).toBe(true);
  });

  /** Bytes of which every eighth rises. */
  const ramp = (by: number) => new Uint8Array(SIDE * SIDE * 3).map((_, i) => (i % 8 === 0 ? 20 + by / 2 : 60));
  const rowsTensor = (n: number) => tensor(new Float32Array(n * 8), [n, 8]);
});

describe("priors", () => {
  it("measures the cosine to the true embedding, and keeps the nearer of two", async () => {
    const model = withPriors();
    let calls = 0;
    const prior = {
      name: "noisy",
      embed: async ({ textEmbedding }: TextFeatures) => {
        const sign = calls++ % 2 === 0 ? 1 : -1; // every second draw points away
        return tensor(
          (textEmbedding.data as Float32Array).map((value) => sign * value),
          textEmbedding.dims,
        );
      },
    };
    const stages = { ...model.stages, prior, autoregressivePrior: undefined } as StudyModel["stages"];
    const result = await studyOf("priors").run({ model: { ...model, stages }, benchmark, count: 10 });
    const rows = rowsOf(result) as { settings: string; mean: number }[];
    expect(rows.some(({ mean }) => mean < 0)).toBe(true);
    expect(rows.find(({ settings }) => settings.includes("nearer of 2"))!.mean).toBeCloseTo(rows[0]!.mean, 6);
  });

  it("needs a prior", async () => {
    const bare = fakeModel(cases);
    await expect(studyOf("priors").run({ model: bare, benchmark, count: 4 })).rejects.toThrow(/has no prior to study/);
  });
});

describe("quality", () => {
  it("finds real pictures of the captions as good as real pictures are", async () => {
    const rows = rowsOf(await run("quality", 12));
    const [first, real] = [rows[0]!, rows.at(-1)!];
    for (const name of ["Fréchet distance", "precision", "recall", "CLIP score"]) {
      expect(first[name]).toBeCloseTo(real[name] as number, 10);
    }
  });
});

describe("classification", () => {
  it("asks only about what a caption says, and finds a CLIP that reads captions right", async () => {
    // An encoder pair that sees a picture as the caption that describes it.
    const model = withPriors();
    const captionOf = new Map(cases.map(({ picture, claim }) => [picture, claim]));
    const { describeClaim } = await import("@unclip/evaluation");
    const stages = {
      ...model.stages,
      imageEncoder: {
        embed: async (pictures: readonly Picture[]) =>
          (await model.stages.textEncoder!.embed(pictures.map((picture) => describeClaim(captionOf.get(picture)!))))
            .textEmbedding,
      },
    };
    const result = await studyOf("classification").run({ model: { ...model, stages }, benchmark, count: 30 });
    for (const row of rowsOf(result)) {
      for (const group of ["one thing", "two things"]) {
        const { right, total } = row[group] as Score;
        expect(right).toBe(total);
      }
    }
    const known = cases.filter(({ heldOut }) => heldOut === undefined).slice(0, 30);
    const singles = known.filter(({ claim }) => claim.things.length === 1);
    expect(rowsOf(result)[0]!["one thing"]).toMatchObject({ total: singles.length });
    expect(rowsOf(result)[2]!["one thing"]).toMatchObject({
      total: singles.filter(({ claim }) => claim.things[0]!.size !== undefined).length,
    });
  });
});
