import type { Claim } from "./scene.js";

/** How a caption begins that tells the style; the shaded one goes without saying. */
export const OPENINGS: Readonly<Record<string, string>> = {
  shaded: "",
  flat: "a flat picture of ",
  line: "a line drawing of ",
  pixel: "pixel art of ",
};

/** Relations as captions say them, where they say it in other words. */
const RELATIONS: Readonly<Record<string, string>> = { "left of": "to the left of" };

/** The plain caption of a claim: "a line drawing of a large red cube on top of a blue ring on sand". */
export function describeClaim({ things, relation, ground, style }: Claim): string {
  const names = things.map(({ size, colour, material, shape }) =>
    withArticle([size, colour, material, shape].filter((word) => word !== undefined).join(" ")),
  );
  const scene = relation === undefined ? names[0]! : names.join(` ${RELATIONS[relation] ?? relation} `);
  return `${OPENINGS[style] ?? ""}${scene}${ground === undefined ? "" : ` on ${ground}`}`;
}

/** A noun with "a" or "an" before it. */
export function withArticle(words: string): string {
  return `${/^[aeiou]/.test(words) ? "an" : "a"} ${words}`;
}
