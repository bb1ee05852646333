import type { ModelFolder } from "@unclip/runtime";
import { expect, it } from "vitest";
import { priorOfCard } from "../../src/families/model-card.js";
import { folderOf } from "../support.js";

const cardOf = (card?: string) =>
  priorOfCard(folderOf(card === undefined ? {} : { "README.md": card }) as unknown as ModelFolder);

it.each([
  "---\nprior: someone/the-other.v1\n---\n",
  '---\nlicense: mit\nprior: "someone/the-other.v1"\ntags:\n- x\n---\n# A model',
  "---\nprior: 'someone/the-other.v1'\n---",
  "---\r\nprior: [someone/the-other.v1, some/third]\r\n---\r\n",
  "---\nprior:\n- someone/the-other.v1\n- some/third\n---\n",
  "---\nprior:   \n  - someone/the-other.v1\n---\n",
  "---\nprior:  [ someone/the-other.v1 ]\n---\n",
])("a model card names a prior: %j", async (card) => {
  expect(await cardOf(card)).toBe("someone/the-other.v1");
});

it.each([
  undefined,
  "",
  "# A model\nprior: someone/other\n",
  "---\nlicense: mit\n---\nprior: someone/other\n",
  "---\nmy-prior: someone/other\n---\n",
  "---\nprior: one\n---\n",
  " ---\nprior: someone/other\n---\n",
  "---\nprior: someone/other\n",
])("a model card names none: %j", async (card) => {
  expect(await cardOf(card)).toBe(undefined);
});
