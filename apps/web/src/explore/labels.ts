/** Labels that are tried together. */
export interface LabelSet {
  readonly name: string;
  readonly template: string;
  readonly labels: readonly string[];
}

/** What toybox's pictures differ in. */
export const LABEL_SETS: readonly LabelSet[] = [
  {
    name: "Shape",
    template: "a {}",
    labels: ["cube", "sphere", "cylinder", "cone", "ring"],
  },
  {
    name: "Colour",
    template: "a {} thing",
    labels: ["red", "green", "blue", "yellow", "purple", "orange", "white", "black"],
  },
  {
    name: "Style",
    template: "{} of a cube",
    labels: ["a picture", "a flat cut-out", "a line drawing", "pixel art"],
  },
];

/** Labels as a person writes them, between commas or in lines. */
export function labelsOf(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map((label) => label.trim()))].filter((label) => label !== "");
}
