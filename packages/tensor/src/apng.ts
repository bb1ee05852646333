import { UnclipError } from "./errors.js";
import { checkPicture, type Picture } from "./picture.js";
import { chunk, concat, headerChunk, PNG_SIGNATURE, textChunks, zlib } from "./png-chunks.js";
import { filterRows } from "./png-filter.js";

/** Options of {@link encodeApng}. */
export interface ApngOptions {
  /** How long each frame is shown, in milliseconds, a whole number from 1 to 65535; default 150. */
  readonly delayMs?: number;
  /** How often the frames are played, 0 for ever; default 0. */
  readonly plays?: number;
  /** Keyword to text, as for `encodePng`. */
  readonly text?: Readonly<Record<string, string>>;
}

/** Pictures of one size as the bytes of an animated PNG file. A program that knows no animation shows the first frame.
 * @param pictures frames in their order, one or more
 * @throws UnclipError "input" if there is none, they differ in size, or an option cannot be
 * @see Portable Network Graphics (PNG) Specification, third edition, 11.3.6 (animation) */
export async function encodeApng(
  pictures: readonly Picture[],
  { delayMs = 150, plays = 0, text = {} }: ApngOptions = {},
): Promise<Uint8Array> {
  const { width, height } = checkFrames(pictures);
  checkWhole("delayMs", delayMs, 1, 2 ** 16 - 1);
  checkWhole("plays", plays, 0, 2 ** 31 - 1);
  const frames = await Promise.all(pictures.map((picture) => zlib(filterRows(picture))));
  let sequence = 0;
  const control = () => chunk("fcTL", frameControl({ sequence: sequence++, width, height, delayMs }));
  return concat([
    PNG_SIGNATURE,
    headerChunk(width, height),
    ...textChunks("encodeApng", text),
    chunk("acTL", numbers(pictures.length, plays)),
    ...frames.flatMap((data, i) => [
      control(),
      i === 0 ? chunk("IDAT", data) : chunk("fdAT", concat([numbers(sequence++), data])),
    ]),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

interface FrameControl {
  readonly sequence: number;
  readonly width: number;
  readonly height: number;
  readonly delayMs: number;
}

/** The data of an fcTL chunk: the whole picture, which takes the place of the one before it, for delayMs / 1000 seconds. */
function frameControl({ sequence, width, height, delayMs }: FrameControl): Uint8Array {
  const out = new Uint8Array(26);
  out.set(numbers(sequence, width, height)); // offsets are 0, as are disposal and blending
  const view = new DataView(out.buffer);
  view.setUint16(20, delayMs);
  view.setUint16(22, 1000);
  return out;
}

/** Numbers of 4 bytes each, big-endian. */
function numbers(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return out;
}

function checkFrames(pictures: readonly Picture[]): Picture {
  const [first] = pictures;
  if (first === undefined) throw new UnclipError("input", "encodeApng: expected one picture or more, got none");
  for (const [i, picture] of pictures.entries()) {
    checkPicture(`encodeApng: frame ${i + 1}`, picture);
    if (picture.width === first.width && picture.height === first.height) continue;
    const sizes = `${picture.width} x ${picture.height}, the first ${first.width} x ${first.height}`;
    throw new UnclipError("input", `encodeApng: frame ${i + 1} is ${sizes}; expected frames of one size`);
  }
  return first;
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UnclipError(
    "input",
    `encodeApng: ${name}: expected a whole number from ${least} to ${most}, got ${String(value)}`,
  );
}
