import { encodeApng, loadUnclip, readPngTexts, type Generation, type Picture, type Recipe, type Unclip } from "unclip";
import type { Platform } from "./suite.js";

/* What every platform must do with CLIP latents: each manipulation paints, ends where its law says, and is painted again from its recipe. */

const gray = solid(128);
const dark = solid(40);
const small = { decoder: { steps: 2 }, prior: { steps: 2 }, upsamplers: 0 };
const { prior: _, ...pictures } = small;

/** A picture in which no two pixels are alike. */
function solid(value: number): Picture {
  return { width: 8, height: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (value + 7 * i) % 256) };
}

/** The manipulations, each with what must hold of its pictures. */
const manipulations: Readonly<
  Record<string, (unclip: Unclip, painted: (generation: Generation, n: number) => void) => Promise<Generation>>
> = {
  "a picture varies from its own noise": async (unclip, painted) => {
    const generation = await unclip.vary(gray, { ...pictures, eta: 0.5, n: 2 });
    painted(generation, 2);
    return generation;
  },
  "an interpolation ends at pictures that are painted again": async (unclip, painted) => {
    const generation = await unclip.interpolate([gray, dark], { ...pictures, frames: 3 });
    painted(generation, 3);
    const ends = (await unclip.vary([gray, dark], { ...pictures, eta: 0 })).images;
    assertNear(generation.images[0]!, ends[0]!);
    assertNear(generation.images[2]!, ends[1]!);
    return generation;
  },
  "pictures and captions mix, and one of weight 0 has no part": async (unclip, painted) => {
    const alone = await unclip.mix([gray, "a ring"], { ...small, weights: [1, 0] });
    assertNear(alone.images[0]!, (await unclip.vary(gray, pictures)).images[0]!);
    const generation = await unclip.mix([gray, "a ring"], { ...small, weights: [0.7, 0.3] });
    painted(generation, 1);
    return generation;
  },
  "a text diff begins with the picture": async (unclip, painted) => {
    const captions = { from: "a cube", to: "a ring" };
    const generation = await unclip.edit(gray, { ...pictures, ...captions, strength: 0.5, frames: 2 });
    painted(generation, 2);
    assertNear(generation.images[0]!, (await unclip.vary(gray, { ...pictures, eta: 0 })).images[0]!);
    return generation;
  },
  "a picture is shown by its first components": async (unclip, painted) => {
    const generation = await unclip.components(gray, { ...small, among: [gray, dark, "a cube"] });
    painted(generation, 2);
    return generation;
  },
  "a caption is painted in three ways": async (unclip, painted) => {
    const generation = await unclip.compare("a cube", small);
    painted(generation, 3);
    return generation;
  },
  "a mask keeps what is black": async (unclip, painted) => {
    const image = gray;
    const left = Uint8Array.from({ length: 192 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? 255 : 0));
    const generation = await unclip.generate("a cube", { ...small, image, mask: { ...gray, data: left } });
    painted(generation, 1);
    const kept = await unclip.generate("a cube", { ...small, image, mask: { ...gray, data: new Uint8Array(192) } });
    assertNear(rightHalf(generation.images[0]!), rightHalf(kept.images[0]!));
    return generation;
  },
  "the pictures nearest to a caption are kept": async (unclip, painted) => {
    const generation = await unclip.generate("a cube", { ...small, n: 2, rerank: 3 });
    painted(generation, 2);
    const [first, second] = generation.similarities!;
    assert(first! >= second! && Math.abs(first!) <= 1, `the cosines are ${first} and ${second}`);
    return generation;
  },
};

/** The cases by name. */
export const manipulationCases: Readonly<Record<string, (platform: Platform) => Promise<void>>> = Object.fromEntries(
  Object.entries(manipulations).map(([name, paint]) => [
    name,
    async (platform: Platform) => {
      const unclip = await modelOf(platform);
      const { images, recipe } = await paint(unclip, assertPainted);
      const again = await unclip.again(JSON.parse(JSON.stringify(recipe)) as Recipe);
      assert(again.images.length === images.length, `painted ${again.images.length} again, not ${images.length}`);
      again.images.forEach((picture, i) => assertNear(picture, images[i]!));
    },
  ]),
);

/** Pictures become an animated PNG with a recipe. */
export async function encodeAnimation(): Promise<void> {
  const file = await encodeApng([gray, dark], { text: { unclip: "{}" } });
  assert(readPngTexts(file, "file")["unclip"] === "{}", "the text is lost");
  const types = new TextDecoder("latin1")
    .decode(file)
    .match(/acTL|fcTL|IDAT|fdAT|IEND/g)
    ?.join(" ");
  assert(types === "acTL fcTL IDAT fcTL fdAT IEND", `the chunks are ${types}`);
}

/** One model for all manipulations. */
let model: Promise<Unclip> | undefined;
function modelOf({ device, folder }: Platform): Promise<Unclip> {
  model ??= loadUnclip(folder("karlo-tiny"), { device });
  return model;
}

function assertPainted({ images, imageEmbedding }: Generation, n: number): void {
  assert(images.length === n, `expected ${n} pictures, got ${images.length}`);
  for (const { width, height, data } of images) {
    assert(data.length === width * height * 3, `${data.length} bytes for ${width} x ${height}`);
    assert(new Set(data).size > 1, "a picture is of one colour");
  }
  const values = (imageEmbedding?.data ?? []) as Float32Array;
  assert(values.every(Number.isFinite), "an embedding is not finite");
}

function rightHalf({ width, height, data }: Picture): Picture {
  const isRight = (_: number, i: number) => Math.floor(i / 3) % width >= width / 2;
  return { width: width / 2, height, data: data.filter(isRight) };
}

/** At most 2/255 off: float32 rounding of batches of another size. */
function assertNear(a: Picture, b: Picture): void {
  const worst = a.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - b.data[i]!)), 0);
  assert(a.data.length === b.data.length && worst <= 2, `the pictures are up to ${worst} of 255 apart`);
}

function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}
