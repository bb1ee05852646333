import type { StudyModel, ToyboxCase } from "@unclip/evaluation";
import { normalise, resizePicture, tensor, type Picture, type Tensor } from "@unclip/tensor";

/** What a test changes about the fake model. */
export type FakeModel = { -readonly [K in keyof StudyModel]?: StudyModel[K] };

/** Side of the fake decoder's pictures. */
export const SIDE = 32;

export function grey(value = 128): Picture {
  return { width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE * 3).fill(value) };
}

/** A model that paints the real picture of a caption it knows, grey for any other, and sees the rough colours of a picture. */
export function fakeModel(cases: readonly ToyboxCase[], changes: FakeModel = {}): StudyModel {
  const small = (picture: Picture) => resizePicture(picture, SIDE, SIDE);
  const known = new Map(cases.map(({ caption, picture }) => [caption, picture]));
  const paint = (caption: string) => (known.has(caption) ? small(known.get(caption)!) : grey());
  return {
    generate: async (captions, { n = 1 }) => ({
      images: captions.flatMap((caption) => Array<Picture>(n).fill(paint(caption))),
    }),
    vary: async (pictures) => ({ images: pictures.map(small) }),
    edit: async (picture, { frames = 1 }) => ({ images: Array<Picture>(frames).fill(small(picture)) }),
    stages: {
      textEncoder: {
        embed: async (captions) => {
          const textEmbedding = embed(captions.map((caption) => Array.from(caption, (c) => c.charCodeAt(0))));
          return { textEmbedding, textStates: textEmbedding, textMask: textEmbedding };
        },
      },
      imageEncoder: { embed: async (pictures) => embed(pictures.map(({ data }) => [...data])) },
      decoder: { space: { shape: (n) => [n, 3, SIDE, SIDE] } },
    },
    defaults: { prior: { steps: 2, guidanceScale: 1 } },
    ...changes,
  };
}

/** Eight sums over the numbers of each row, of length 1. */
function embed(rows: readonly (readonly number[])[]): Tensor {
  const sums = rows.flatMap((row) => {
    const out = [1, 1, 1, 1, 1, 1, 1, 1];
    row.forEach((value, i) => (out[(i * 7 + (i >> 9)) % 8]! += value / row.length));
    return out;
  });
  return normalise(tensor(Float32Array.from(sums), [rows.length, 8]));
}
