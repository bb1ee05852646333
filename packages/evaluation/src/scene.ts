import type { THING_ATTRIBUTES } from "./config.js";

/** "shape", "colour", "size" or "material". */
export type ThingAttribute = (typeof THING_ATTRIBUTES)[number];

/** What a picture shows. */
export interface Scene {
  /** One or two. The first is the left one, the upper one or the one in front. */
  readonly things: readonly Readonly<Record<ThingAttribute, string>>[];
  /** How the first thing stands to the second: "left of", "on top of" or "in front of". */
  readonly relation?: string;
  readonly ground: string;
  readonly style: string;
}

/** What a caption says of a scene: what it leaves out may be anything. */
export interface Claim {
  readonly things: readonly (Readonly<Record<"shape" | "colour", string>> &
    Readonly<Partial<Record<ThingAttribute, string>>>)[];
  readonly relation?: string;
  readonly ground?: string;
  readonly style: string;
}
