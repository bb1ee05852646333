import { expect, it, vi } from "vitest";
import type { hasTiles } from "../src/node/has-tiles.js";

const { cpuinfo } = vi.hoisted(() => ({ cpuinfo: { text: undefined as string | undefined } }));
vi.mock("node:fs/promises", () => ({
  readFile: async (path: string) => {
    if (path !== "/proc/cpuinfo" || cpuinfo.text === undefined) throw new Error("ENOENT");
    return cpuinfo.text;
  },
}));

async function answerFor(text: string | undefined): Promise<boolean> {
  cpuinfo.text = text;
  vi.resetModules();
  const fresh = (await import("../src/node/has-tiles.js")) as { hasTiles: typeof hasTiles };
  return fresh.hasTiles();
}

it.each([
  [true, "model name\t: X\nflags\t\t: fpu avx512_vnni amx_bf16 amx_tile amx_int8\nbugs\t\t:\n"],
  [true, "flags\t\t: amx_int8 fpu\n"],
  [false, "flags\t\t: fpu avx512_vnni amx_bf16 amx_tile\n"],
  [false, "model name\t: amx_int8\nflags\t\t: fpu\n"],
  [false, undefined],
])("is %s of %j", async (expected, text) => expect(await answerFor(text)).toBe(expected));
