import { createConfigReader, UnclipError } from "@unclip/tensor";

/** One thing that the oracle tells, with what it can be. */
export interface OracleHead {
  /** For example "first_shape". */
  readonly name: string;
  /** In the order of the network's logits. */
  readonly values: readonly string[];
}

/** Sizes of an oracle. */
export interface OracleConfig {
  /** Height and width of the picture it sees. */
  readonly sampleSize: number;
  /** Channels and stride of each 3x3 convolution. */
  readonly blocks: readonly { readonly channels: number; readonly stride: number }[];
  /** D, width of the features. */
  readonly features: number;
  readonly heads: readonly OracleHead[];
}

/** The attributes of a thing, each with a head for the first and for the second thing. */
export const THING_ATTRIBUTES = ["shape", "colour", "size", "material"] as const;

/** What an oracle has to tell. */
const HEADS = [
  ...["first", "second"].flatMap((which) => THING_ATTRIBUTES.map((attribute) => `${which}_${attribute}`)),
  ...["relation", "ground", "style"],
];

/** Reads the config.json of an oracle.
 * @throws UnclipError "config" for a file that is not an oracle's */
export function readOracleConfig(json: Readonly<Record<string, unknown>>, where: string): OracleConfig {
  const read = createConfigReader(json, where);
  read.exactly("_class_name", "ToyboxOracle");
  const [channels, strides] = [read.numbers("block_out_channels"), read.numbers("strides")];
  if (channels.length !== strides.length) {
    const got = `${channels.length} and ${strides.length}`;
    throw new UnclipError("config", `${where}: expected as many block_out_channels as strides, got ${got}`);
  }
  const heads = (json["heads"] ?? {}) as Readonly<Record<string, unknown>>;
  const missing = HEADS.filter((name) => !(name in heads));
  if (missing.length > 0) throw new UnclipError("config", `${where}: heads: ${missing.join(", ")} missing`);
  const readHeads = createConfigReader(heads, `${where}: heads`);
  return {
    sampleSize: read.number("sample_size"),
    blocks: channels.map((count, i) => ({ channels: count, stride: strides[i]! })),
    features: read.number("features"),
    heads: Object.keys(heads).map((name) => ({ name, values: readHeads.strings(name) })),
  };
}
