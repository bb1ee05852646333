import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { damageBytes, type Dice } from "./dice.js";

/** What was done to a folder, and how to undo it. */
export interface Damage {
  /** For example "decoder/config.json: sample_size = 1000000000". */
  readonly what: string;
  undo(): Promise<void>;
}

/** Files that hold weights; all others are texts. */
const WEIGHTS = /\.(safetensors|bin)$/;

/** Damages one file of a model folder: its JSON by a value here and there, its bytes, the header of its weights, or the whole of it. */
export async function damageFolder(folder: string, dice: Dice): Promise<Damage> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const file = dice.pick(files);
  const path = join(folder, file);
  const before = await readFile(path);
  const change = dice.below(20) === 0 ? await replaceFile(path, dice) : damageContent(file, before, dice);
  if (typeof change !== "string") await writeFile(path, change.content);
  return {
    what: `${file}: ${typeof change === "string" ? change : change.what}`,
    async undo() {
      await rm(path, { recursive: true, force: true });
      await writeFile(path, before);
    },
  };
}

/** Puts something else in the place of a file. */
async function replaceFile(path: string, dice: Dice): Promise<string> {
  await rm(path);
  const replacements: [string, () => Promise<unknown>][] = [
    ["missing", async () => undefined],
    ["empty", () => writeFile(path, "")],
    ["a folder", () => mkdir(path)],
    ["a link to /etc/hostname", () => symlink("/etc/hostname", path)],
    ["a link to itself", () => symlink(path, path)],
    ["a link to nothing", () => symlink("nothing", path)],
  ];
  const [what, replace] = dice.pick(replacements);
  await replace();
  return what;
}

interface Change {
  readonly what: string;
  readonly content: Uint8Array | string;
}

function damageContent(file: string, content: Buffer, dice: Dice): Change {
  if (WEIGHTS.test(file))
    return file.endsWith(".bin") ? damageTorchFile(content, dice) : damageSafetensors(content, dice);
  if (!file.endsWith(".json") || dice.below(6) === 0) return { what: "bytes", content: damageBytes(content, dice) };
  const { what, json } = damageJson(JSON.parse(content.toString()), dice);
  return { what, content: textOf(json) };
}

/** The pickle lies at the start, the directory at the end. */
function damageTorchFile(content: Buffer, dice: Dice): Change {
  const [from, to] = dice.pick([
    [0, 4096],
    [content.length - 4096, content.length],
    [0, content.length],
  ]) as [number, number];
  return { what: `bytes of ${from} to ${to}`, content: damageBytes(content, dice, Math.max(0, from), to) };
}

function damageSafetensors(content: Buffer, dice: Dice): Change {
  const end = 8 + Number(content.readBigUInt64LE(0));
  const kind = dice.below(5);
  if (kind === 0) return { what: "bytes of the header", content: damageBytes(content, dice, 0, end) };
  if (kind === 1) return { what: "bytes", content: damageBytes(content, dice) };
  if (kind === 2) {
    const [start, length] = [end + dice.below(content.length - end), 4 + dice.below(4000)];
    return { what: "values that are no numbers", content: withoutNumbers(content, start, start + length) };
  }
  const { what, json } = damageJson(JSON.parse(content.toString("utf8", 8, end)), dice);
  const header = Buffer.from(textOf(json));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return { what: `header: ${what}`, content: Buffer.concat([length, header, content.subarray(end)]) };
}

/** All bits of a float32 or float16 set: not a number. */
function withoutNumbers(content: Buffer, start: number, end: number): Buffer {
  const out = Buffer.from(content);
  out.subarray(start, end).fill(0xff);
  return out;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A copy of `json` with one to three of its values replaced, dropped or renamed. */
function damageJson(json: Json, dice: Dice): { what: string; json: Json } {
  const root = { json: structuredClone(json) };
  const done: string[] = [];
  for (let i = dice.below(3); i >= 0; i--) {
    const places = placesIn(root.json, root, "json");
    if (places.length === 0) break;
    const { holder, key } = dice.below(40) === 0 ? places[0]! : dice.pick(places);
    const record = holder as Record<string, Json>;
    const what = dice.below(8);
    if (what === 0) {
      delete record[key];
      done.push(`without ${key}`);
    } else if (what === 1 && !Array.isArray(holder)) {
      const name = dice.pick(["", "__proto__", "toString", "x".repeat(1000), `${key} `, "\u001b[2J"]);
      Object.defineProperty(record, name, { value: record[key], enumerable: true, configurable: true, writable: true });
      delete record[key];
      done.push(`${key} is called ${JSON.stringify(name).slice(0, 20)}`);
    } else {
      record[key] = otherValue(record[key]!, dice);
      done.push(`${key} = ${(JSON.stringify(record[key]) ?? "nothing").slice(0, 40)}`);
    }
  }
  return { what: done.join(", "), json: root.json };
}

interface Place {
  readonly holder: object;
  readonly key: string;
}

/** Every value, the outermost first, by what holds it and under which key. */
function placesIn(value: Json, holder: object, key: string): Place[] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [{ holder, key }, ...inner.flatMap(([name, item]) => placesIn(item, value as object, name))];
}

const HOSTILE: readonly Json[] = [
  ...[null, true, false, "", "x", "../../etc/hostname", "/etc/hostname", "a\u0000b", "\u001b[2J", "x".repeat(100_000)],
  ...[0, -1, 1, 2, 3, 0.5, 1.5, 255, 20_000, 65_537, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, -1e300, 1e300, 1e-300],
  ...[[], {}, [null], [[]], [1e9, 1e9], { toString: 1 }, { length: 1e9 }],
  ...[Array<Json>(100_000).fill(1), "<nested>"],
];

/** The text of `json`, with lists 5,000 deep where it says so: JavaScript itself cannot write these. */
function textOf(json: Json): string {
  return (JSON.stringify(json) ?? "").replaceAll('"<nested>"', "[".repeat(5000) + "]".repeat(5000));
}

function otherValue(value: Json, dice: Dice): Json {
  const kind = dice.below(3);
  if (typeof value === "number" && kind > 0)
    return dice.pick([value + 1, value - 1, value * 2, value / 2, -value, value * 1000]);
  if (Array.isArray(value) && kind === 1) return dice.pick([value.toReversed(), value.slice(1), [...value, ...value]]);
  if (typeof value === "string" && kind === 1) return dice.pick([value.toUpperCase(), `${value}x`, value.slice(1)]);
  return structuredClone(dice.pick(HOSTILE));
}
