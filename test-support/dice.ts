/** Random choices that a seed repeats. */
export interface Dice {
  /** A whole number in [0, n). */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Dice of the generator mulberry32: fast, and good enough to choose what to damage. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const word = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
  const below = (n: number) => Math.floor((word() / 2 ** 32) * n);
  return { below, pick: (items) => items[below(items.length)]! };
}

/** Numbers at which arithmetic turns. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff];

/** A copy of `content` with one to five places damaged: bytes set, moved, doubled, dropped, or the end cut off.
 * @param start of the part to damage; default the first byte
 * @param end of it; default the end */
export function damageBytes(content: Uint8Array, dice: Dice, start = 0, end = content.length): Buffer {
  let out: Buffer = Buffer.from(content);
  for (let i = dice.below(5); i >= 0; i--) {
    const at = start + dice.below(Math.max(1, Math.min(end, out.length) - start));
    const length = 1 + dice.below(16);
    const [before, part, after] = [out.subarray(0, at), out.subarray(at, at + length), out.subarray(at + length)];
    const damages = [
      () => part.subarray(0, 1).fill(dice.below(256)),
      () => (out = out.length >= at + 4 ? edge(out, at, dice.pick(EDGES)) : out),
      () => part.set(part.toReversed()),
      () => (out = Buffer.concat([before, part, part, after])),
      () => (out = Buffer.concat([before, after])),
      () => (out = Buffer.concat([before, Buffer.from(Array.from({ length }, () => dice.below(256))), after])),
      () => (out = Buffer.from(dice.below(8) === 0 ? before : out)),
    ];
    dice.pick(damages)();
  }
  return out;
}

function edge(content: Buffer, at: number, value: number): Buffer {
  content.writeUInt32LE(value, at);
  return content;
}
