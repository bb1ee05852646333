import { zeroShotScores, type ToyboxCase } from "@unclip/evaluation";
import { tensor, type Picture } from "@unclip/tensor";
import { expect, it } from "vitest";

/* An encoder that knows colours and styles by two numbers of the embedding, and takes every shape for a cube. */
const WORDS = ["red", "blue", "cube", "ring", "flat", "line"];
const embed = (words: readonly string[]) =>
  tensor(
    Float32Array.from(
      words.flatMap((text) => WORDS.map((word) => Number(text.includes(word === "ring" ? "cube" : word)))),
    ),
    [words.length, WORDS.length],
  );
const asked: string[] = [];
const clip = {
  textEncoder: {
    embed: async (captions: readonly string[]) => {
      asked.push(...captions);
      return { textEmbedding: embed(captions) };
    },
  },
  imageEncoder: { embed: async (pictures: readonly Picture[]) => embed(pictures.map(({ data }) => shown[data[0]!]!)) },
};
const shown = ["red cube", "blue cube flat", "red cube line"];
const caseOf = (i: number, colour: string, style: string, more = 0): ToyboxCase => ({
  caption: "",
  claim: { things: Array.from({ length: 1 + more }, () => ({ shape: "cube", colour })), style },
  picture: { width: 1, height: 1, data: Uint8Array.of(i, 0, 0) },
  places: { width: 1, height: 1, data: Uint8Array.of(255, 0, 0) },
});
const words = { shapes: ["cube", "ring"], colours: ["red", "blue"] };

it("asks for the thing among captions of the picture's style, and for the style among those of its thing", async () => {
  const cases = [
    caseOf(0, "red", "shaded"),
    caseOf(1, "blue", "flat"),
    caseOf(2, "red", "flat"),
    caseOf(2, "blue", "flat", 1),
  ];
  expect(await zeroShotScores(clip, cases, words)).toMatchObject({
    thing: { right: 3, total: 3 },
    style: { right: 2, total: 3 },
  });
  expect(asked).toHaveLength(4 * 2 * 2);
  expect(asked).toContain("a line drawing of a blue ring");
});

it("stops, and has nothing to say of pairs alone", async () => {
  const stopped = zeroShotScores(clip, [caseOf(0, "red", "flat")], words, AbortSignal.abort());
  await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  expect((await zeroShotScores(clip, [caseOf(0, "red", "flat", 1)], words)).thing.share).toBeNull();
});
