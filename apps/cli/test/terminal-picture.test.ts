/* eslint-disable no-control-regex -- escape sequences are what is tested */
import sharp from "sharp";
import { encodePng, type Picture } from "unclip";
import { describe, expect, it } from "vitest";
import { terminalPicture } from "../src/terminal-picture.js";
import { gradient } from "./fake-host.js";

const room = { columns: 80, rows: 20, encodePng };

describe("half-blocks", () => {
  it("puts two pixels in a cell", async () => {
    const picture: Picture = { width: 2, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) };
    const { text, rows } = await terminalPicture(picture, { ...room, protocol: "blocks" });
    expect(text).toBe("\x1b[38;2;1;2;3;48;2;7;8;9m▀\x1b[38;2;4;5;6;48;2;10;11;12m▀\x1b[0m\n");
    expect(rows).toBe(1);
  });

  it("leaves the lower half of an odd last row to the terminal", async () => {
    const { text } = await terminalPicture(
      { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) },
      { ...room, protocol: "blocks" },
    );
    expect(text).toBe("\x1b[38;2;1;2;3m▀\x1b[0m\n");
  });

  it("fits the room and keeps the proportions", async () => {
    const { text, rows } = await terminalPicture(gradient(64, 32), {
      ...room,
      columns: 20,
      rows: 20,
      protocol: "blocks",
    });
    expect(rows).toBe(5);
    expect(text.match(/▀/g)).toHaveLength(20 * 5);
  });

  it.each<[number[], number]>([
    [[255, 0, 0], 196],
    [[0, 0, 0], 16],
    [[255, 255, 255], 231],
    [[128, 128, 128], 244],
    [[95, 135, 175], 67],
  ])("takes the nearest of 256 colours for %j", async (color, index) => {
    const { text } = await terminalPicture(
      { width: 1, height: 1, data: Uint8Array.from(color) },
      { ...room, protocol: "blocks-256" },
    );
    expect(text).toBe(`\x1b[38;5;${index}m▀\x1b[0m\n`);
  });
});

describe("Kitty", () => {
  it("sends every pixel, in pieces that a terminal takes", async () => {
    const picture = gradient(64, 48);
    const { text, rows } = await terminalPicture(picture, { ...room, columns: 60, rows: 30, protocol: "kitty", id: 7 });
    const pieces = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
    expect(pieces[0]![1]).toBe("a=T,f=24,s=64,v=48,c=60,r=23,C=1,q=2,i=7,p=1,m=1");
    expect(pieces.slice(1).map((piece) => piece[1])).toEqual(["m=1", "m=0"]);
    expect(pieces.every((piece) => piece[2]!.length <= 4096)).toBe(true);
    expect(Buffer.from(pieces.map((piece) => piece[2]).join(""), "base64")).toEqual(Buffer.from(picture.data));
    expect(rows).toBe(23);
  });
});

describe("iTerm2", () => {
  it("sends a PNG file", async () => {
    const picture = gradient(10, 6);
    const { text } = await terminalPicture(picture, { ...room, protocol: "iterm2" });
    const [, control, file] = /\x1b\]1337;File=([^:]*):([^\x07]*)\x07/.exec(text)!;
    const png = Buffer.from(file!, "base64");
    expect(control).toBe(`inline=1;size=${png.length};width=10;height=3;preserveAspectRatio=0`);
    expect(await sharp(png).raw().toBuffer()).toEqual(Buffer.from(picture.data));
  });

  it("makes room below before it draws, and ends below", async () => {
    const { text } = await terminalPicture(gradient(10, 6), { ...room, protocol: "iterm2" });
    expect(text.startsWith("\n\n\n\x1b[3A\x1b7")).toBe(true);
    expect(text.endsWith("\x1b8\x1b[3B\r")).toBe(true);
  });
});
