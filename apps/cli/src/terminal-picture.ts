import type { Picture } from "unclip";
import { shrinkPicture } from "./picture-layout.js";
import type { PictureProtocol } from "./terminal.js";
import type { Engine } from "./host.js";

/** Options of `terminalPicture`. */
export interface TerminalPictureOptions {
  readonly protocol: PictureProtocol;
  /** The room there is, in character cells. */
  readonly columns: number;
  readonly rows: number;
  /** Makes the file that the iTerm2 protocol carries. */
  readonly encodePng: Engine["encodePng"];
  /** Kitty only: a picture with the same number replaces this one. Without it the picture stays. */
  readonly id?: number;
}

/** A picture as text for a terminal. */
export interface TerminalPicture {
  /** From the start of a line to the start of the line below the picture. */
  readonly text: string;
  /** How many lines that is. */
  readonly rows: number;
}

/** A picture as a terminal shows it: one column for each pixel, one row for each two, smaller where there is less room.
 * @see https://sw.kovidgoyal.net/kitty/graphics-protocol/ and https://iterm2.com/documentation-images.html */
export async function terminalPicture(picture: Picture, options: TerminalPictureOptions): Promise<TerminalPicture> {
  const { protocol, columns, rows } = options;
  const scale = Math.min(1, columns / picture.width, (rows * 2) / picture.height);
  const width = Math.max(1, Math.floor(picture.width * scale));
  const height = Math.max(1, Math.floor(picture.height * scale));
  const cells = { columns: width, rows: Math.ceil(height / 2) };
  if (protocol === "blocks" || protocol === "blocks-256") {
    return { text: halfBlocks(shrinkPicture(picture, width, height), protocol), rows: cells.rows };
  }
  const sharp = shrinkPicture(picture, Math.min(picture.width, width * 10), Math.min(picture.height, height * 10)); // cells are about 10 x 20 pixels
  const sequence =
    protocol === "kitty" ? kitty(sharp, cells, options.id) : await iterm2(sharp, cells, options.encodePng);
  return { text: inReservedLines(sequence, cells.rows), rows: cells.rows };
}

/** Two pixels in each cell: the upper is the colour of the character, the lower that of its background. */
function halfBlocks({ width, height, data }: Picture, protocol: "blocks" | "blocks-256"): string {
  const colorAt = protocol === "blocks" ? trueColor : nearestOf256;
  const at = (x: number, y: number) => colorAt(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
  let text = "";
  for (let y = 0; y < height; y += 2) {
    let current = "";
    for (let x = 0; x < width; x++) {
      const style = y + 1 < height ? `\x1b[38;${at(x, y)};48;${at(x, y + 1)}m` : `\x1b[38;${at(x, y)}m`;
      text += style === current ? "▀" : `${style}▀`;
      current = style;
    }
    text += "\x1b[0m\n";
  }
  return text;
}

function trueColor([red, green, blue]: Uint8Array): string {
  return `2;${red};${green};${blue}`;
}

/** Values of the 6 x 6 x 6 colour cube that starts at colour 16 of xterm's 256; 232 to 255 are the greys 8, 18, ..., 238. */
const cubeLevels = [0, 95, 135, 175, 215, 255];

function nearestOf256(color: Uint8Array): string {
  const cube = [...color].map(nearestLevel) as [number, number, number];
  const grey = Math.min(23, Math.max(0, Math.round(((color[0]! + color[1]! + color[2]!) / 3 - 8) / 10)));
  const distance = (values: readonly number[]) => values.reduce((sum, value, c) => sum + (value - color[c]!) ** 2, 0);
  const isGreyNearer = distance([0, 1, 2].map(() => 8 + grey * 10)) < distance(cube.map((index) => cubeLevels[index]!));
  return `5;${isGreyNearer ? 232 + grey : 16 + cube[0] * 36 + cube[1] * 6 + cube[2]}`;
}

function nearestLevel(value: number): number {
  const distances = cubeLevels.map((level) => Math.abs(level - value));
  return distances.indexOf(Math.min(...distances));
}

interface Cells {
  readonly columns: number;
  readonly rows: number;
}

/** RGB bytes, in pieces of 4096 characters; q=2 asks for no answer, C=1 leaves the cursor where it is. */
function kitty({ width, height, data }: Picture, cells: Cells, id?: number): string {
  const base64 = Buffer.from(data).toString("base64");
  const pieces = base64.match(/.{1,4096}/g) ?? [];
  const name = id === undefined ? "" : `,i=${id},p=1`;
  const control = `a=T,f=24,s=${width},v=${height},c=${cells.columns},r=${cells.rows},C=1,q=2${name}`;
  return pieces
    .map((piece, index) => {
      const more = index < pieces.length - 1 ? 1 : 0;
      return `\x1b_G${index === 0 ? `${control},` : ""}m=${more};${piece}\x1b\\`;
    })
    .join("");
}

/** Takes the Kitty picture `id` off the screen. */
export function removeKittyPicture(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`;
}

async function iterm2(picture: Picture, cells: Cells, encodePng: Engine["encodePng"]): Promise<string> {
  const png = Buffer.from(await encodePng(picture));
  const control = `inline=1;size=${png.length};width=${cells.columns};height=${cells.rows};preserveAspectRatio=0`;
  return `\x1b]1337;File=${control}:${png.toString("base64")}\x07`;
}

/** Makes room first, so that the screen does not scroll while the picture is put in place. */
function inReservedLines(sequence: string, rows: number): string {
  return `${"\n".repeat(rows)}\x1b[${rows}A\x1b7${sequence}\x1b8\x1b[${rows}B\r`;
}
