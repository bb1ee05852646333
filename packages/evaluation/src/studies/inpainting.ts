import { createRun, type Picture } from "@unclip/tensor";
import { describeClaim } from "../describe.js";
import type { Claim, Scene } from "../scene.js";
import type { ToyboxCase } from "../toybox-benchmark.js";
import { createScore } from "../wilson-interval.js";
import { atDecoderSize, barOf, casesOf, inBatches, percent, readAll } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";

/** The area in which a thing is painted anew. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A picture, one thing of which is to become another. */
interface Replacement {
  readonly picture: Picture;
  readonly places: Picture;
  /** Which thing. */
  readonly index: number;
  readonly box: Box;
  /** What the picture is to show. */
  readonly claim: Claim;
}

interface Outcome {
  readonly thing: boolean;
  readonly rest: boolean;
  /** Largest difference outside of the mask, of 255. */
  readonly outside: number;
}

export const inpainting: Study = {
  name: "inpainting",
  title: "Does a masked thing become the caption's, and the rest stay?",
  question:
    "A box around one thing of a real picture is painted anew, with a caption that names another shape and colour in its place. An oracle, a network trained on " +
    "real renders alone, reads the result: is the thing the caption's, and is all else as it was (the other thing, style and ground)? Outside of the mask pixels are " +
    "compared at the decoder's size.",
  count: 100,
  unit: "pictures",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, benchmark, seed = 0, signal } = options;
  const valuesOf = (head: string) => benchmark.oracle.config.heads.find(({ name }) => name === head)!.values;
  const words = { shapes: valuesOf("first_shape"), colours: valuesOf("first_colour") };
  const wanted = casesOf(options, inpainting.count, (one) => bestBox(one) !== undefined).map((one, i) =>
    replacementOf(one, i, words),
  );
  const paint = async ([{ picture, box, claim }]: readonly Replacement[], i: number) => {
    const image = atDecoderSize(picture, model);
    const mask = maskOf(box, picture, image);
    const request = { image, mask, upsamplers: 0, seed: seed + i, signal };
    const { images } = await model.generate([describeClaim(claim)], request);
    return [{ image, mask, painted: images[0]! }];
  };
  const painted = yield* inBatches("inpainting", wanted, paint, { signal, size: 1 });
  const before = await readAll(
    wanted.map(({ picture }) => picture),
    options,
  );
  const after = await readAll(
    painted.map((one) => one.painted),
    options,
  );
  const outcomes = painted.map((one, i) => ({
    ...outcomeOf(wanted[i]!, before[i]!, after[i]!),
    outside: largestOutside(one.image, one.painted, one.mask),
  }));
  return report(wanted, outcomes, painted);
}

/** Room around a thing, as a share of the picture's side: a shadow, and a shape that is a little wider. */
const MARGIN = 0.06;

/** The most of the other thing that a box may cover. */
const MOST_COVERED = 0.1;

/** The thing of a picture that can be replaced with the least loss of the other one, and the box to do it in; nothing where either thing's
 * box covers too much of the other. */
function bestBox({ claim, places }: ToyboxCase): { index: number; box: Box } | undefined {
  const found = claim.things
    .map((_, index) => ({ index, box: boxOf(places, index) }))
    .flatMap(({ index, box }) => (box === undefined ? [] : [{ index, box, covered: covered(places, box, 1 - index) }]))
    .sort((a, b) => a.covered - b.covered);
  return found[0] !== undefined && found[0].covered <= MOST_COVERED ? found[0] : undefined;
}

/** A box around a thing, as high as it is wide or higher: there is room for any shape that stands where it stands. */
function boxOf(places: Picture, index: number): Box | undefined {
  const { width, height } = places;
  const seen = pixelsOf(places, index);
  if (seen.length === 0) return undefined;
  const [xs, ys] = [seen.map((i) => i % width), seen.map((i) => Math.floor(i / width))];
  const margin = Math.round(MARGIN * width);
  const [left, right] = [Math.min(...xs) - margin, Math.max(...xs) + 1 + margin];
  const bottom = Math.max(...ys) + 1 + margin;
  const top = Math.min(Math.min(...ys) - margin, bottom - (right - left));
  return {
    left: Math.max(0, left),
    right: Math.min(width, right),
    top: Math.max(0, top),
    bottom: Math.min(height, bottom),
  };
}

/** The pixels at which a thing is seen. */
function pixelsOf({ width, height, data }: Picture, index: number): number[] {
  return Array.from({ length: width * height }, (_, i) => i).filter((i) => data[3 * i + index] === 255);
}

/** The share of a thing that lies in a box; 0 for a thing that is not there. */
function covered(places: Picture, { left, right, top, bottom }: Box, index: number): number {
  const seen = pixelsOf(places, index);
  const within = seen.filter((i) => {
    const [x, y] = [i % places.width, Math.floor(i / places.width)];
    return x >= left && x < right && y >= top && y < bottom;
  });
  return seen.length === 0 ? 0 : within.length / seen.length;
}

function replacementOf(
  one: ToyboxCase,
  i: number,
  { shapes, colours }: Readonly<Record<"shapes" | "colours", readonly string[]>>,
): Replacement {
  const { claim, picture, places } = one;
  const { index, box } = bestBox(one)!;
  const { size, ...old } = claim.things[index]!;
  const other = (values: readonly string[], value: string) => {
    const rest = values.filter((each) => each !== value);
    return rest[i % rest.length]!;
  };
  const thing = { ...(size && { size }), shape: other(shapes, old.shape), colour: other(colours, old.colour) };
  const things = claim.things.map((each, k) => (k === index ? thing : each));
  return { picture, places, index, box, claim: { ...claim, things } };
}

/** White where a box of one picture lies in another of the same shape, black elsewhere. */
function maskOf({ left, right, top, bottom }: Box, from: Picture, { width, height }: Picture): Picture {
  const scale = width / from.width;
  const data = new Uint8Array(width * height * 3).map((_, i) => {
    const [x, y] = [(Math.floor(i / 3) % width) / scale, Math.floor(i / 3 / width) / scale];
    return x >= left && x < right && y >= top && y < bottom ? 255 : 0;
  });
  return { width, height, data };
}

function outcomeOf({ index, claim }: Replacement, before: Scene, after: Scene): Omit<Outcome, "outside"> {
  const isThere = after.things.length === before.things.length;
  const [goal, got] = [claim.things[index]!, after.things[index]];
  const other = (scene: Scene) => {
    const thing = scene.things[1 - index];
    return thing && `${thing.colour} ${thing.shape}`;
  };
  return {
    thing: isThere && got?.shape === goal.shape && got.colour === goal.colour,
    rest: isThere && other(after) === other(before) && after.style === before.style && after.ground === before.ground,
  };
}

function largestOutside(before: Picture, after: Picture, mask: Picture): number {
  return before.data.reduce(
    (most, value, i) => (mask.data[i] === 0 ? Math.max(most, Math.abs(value - after.data[i]!)) : most),
    0,
  );
}

/** Pictures on the sheet. */
const SHOWN = 10;

interface Painted {
  readonly image: Picture;
  readonly mask: Picture;
  readonly painted: Picture;
}

function report(
  wanted: readonly Replacement[],
  outcomes: readonly Outcome[],
  painted: readonly Painted[],
): StudyResult {
  const share = (some: readonly Outcome[], test: (outcome: Outcome) => boolean) =>
    createScore(some.filter(test).length, some.length);
  const only = (things: number) => outcomes.filter((_, i) => wanted[i]!.claim.things.length === things);
  const groups = { "all pictures": outcomes, "one thing": only(1), "one of two things": only(2) };
  const thing = share(outcomes, (outcome) => outcome.thing);
  const outside = Math.max(...outcomes.map((outcome) => outcome.outside));
  return {
    findings: [
      `In ${percent(thing.share)} of the pictures the masked thing became the caption's, and in ` +
        `${percent(share(outcomes, (outcome) => outcome.rest).share)} all else stayed as it was; no pixel outside of a mask changed by more than ${outside} of 255.`,
    ],
    tables: [
      {
        title: "What became of the pictures",
        columns: [
          { name: "" },
          { name: "pictures", digits: 0 },
          { name: "the thing is the caption's" },
          { name: "the rest is as it was" },
          { name: "both" },
          { name: "largest change outside", digits: 0 },
        ],
        rows: Object.entries(groups)
          .filter(([, some]) => some.length > 0)
          .map(([name, some]) => [
            name,
            some.length,
            share(some, (outcome) => outcome.thing),
            share(some, (outcome) => outcome.rest),
            share(some, (outcome) => outcome.thing && outcome.rest),
            Math.max(...some.map((outcome) => outcome.outside)),
          ]),
      },
    ],
    plots: [
      {
        title: "A masked thing, painted anew",
        kind: "bars",
        x: "",
        y: "share of pictures",
        range: [0, 1],
        points: Object.entries(groups).flatMap(([name, some]) =>
          some.length === 0
            ? []
            : [
                { series: "thing right", x: name, ...barOf(share(some, (outcome) => outcome.thing)) },
                { series: "rest kept", x: name, ...barOf(share(some, (outcome) => outcome.rest)) },
                { series: "both", x: name, ...barOf(share(some, (outcome) => outcome.thing && outcome.rest)) },
              ],
        ),
      },
    ],
    sheets: [
      {
        title: "The first pictures",
        columns: Math.min(SHOWN, painted.length),
        pictures: (["image", "mask", "painted"] as const).flatMap((kind) =>
          painted.slice(0, SHOWN).map((one) => one[kind]),
        ),
        rows: [
          "picture",
          "mask",
          `painted anew: ${wanted
            .slice(0, SHOWN)
            .map(({ claim }) => describeClaim(claim))
            .join(", ")}`,
        ],
      },
    ],
  };
}
