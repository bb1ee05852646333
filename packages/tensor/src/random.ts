import { UnclipError } from "./errors.js";
import { cosSin32, log32 } from "./float32-math.js";
import { concatRows, sizeOf, tensor, type Tensor } from "./tensor.js";

/** A stream of random numbers. The only source of randomness in the project. */
export interface Random {
  /** Normal values of mean 0 and standard deviation 1, as `torch.randn(dims, generator=generator)` draws them on a CPU. */
  normal(dims: readonly number[]): Tensor;
  /** Uniform values in [0, 1), as `torch.rand(dims, generator=generator)` draws them on a CPU. */
  uniform(dims: readonly number[]): Tensor;
}

/** A generator whose stream equals torch's CPU generator after `manual_seed(seed)`.
 * torch keeps the low 32 bits of the seed, so 5 and 2^32 + 5 give the same stream.
 * @param seed integer; beyond 2^53 pass a bigint
 * @throws UnclipError "input" if the seed is not an integer
 * @see Matsumoto and Nishimura 1998 (mt19937), Box and Muller 1958 */
export function createRandom(seed: number | bigint = 0): Random {
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new UnclipError("input", `seed: expected an integer, got ${seed}; beyond 2^53 pass a bigint`);
  }
  const word = mersenneTwister(Number(BigInt.asUintN(32, BigInt(seed))));
  const float24 = () => (word() & 0xffffff) * 2 ** -24;
  const float53 = () => {
    const high = word();
    return ((high & 0x1fffff) * 2 ** 32 + word()) * 2 ** -53;
  };

  // Fewer than 16 values: pairs in float64, whose second value waits for the next small request.
  let waiting: number | undefined;
  const smallNormal = () => {
    if (waiting !== undefined) {
      const value = waiting;
      waiting = undefined;
      return value;
    }
    const angle = 2 * Math.PI * float53();
    const radius = Math.sqrt(-2 * Math.log1p(-float53()));
    waiting = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  return {
    normal(dims) {
      const out = new Float32Array(sizeOf(dims));
      if (out.length < 16) return tensor(out.map(smallNormal), dims);
      for (let i = 0; i < out.length; i++) out[i] = float24();
      for (let i = 0; i + 16 <= out.length; i += 16) boxMuller16(out, i);
      if (out.length % 16 !== 0) {
        const start = out.length - 16;
        for (let i = start; i < out.length; i++) out[i] = float24();
        boxMuller16(out, start);
      }
      return tensor(out, dims);
    },
    uniform: (dims) => tensor(new Float32Array(sizeOf(dims)).map(float24), dims),
  };
}

/** One stream per picture: row i of every draw comes from `streams[i]`, as a list of generators does in diffusers. */
export function perPicture(streams: readonly Random[]): Random {
  const draw = (kind: "normal" | "uniform") => (dims: readonly number[]) => {
    if (dims[0] !== streams.length) {
      throw new UnclipError(
        "input",
        `random: ${streams.length} streams cannot draw ${dims[0]} rows; give one per picture`,
      );
    }
    return concatRows(streams.map((stream) => stream[kind]([1, ...dims.slice(1)])));
  };
  return { normal: draw("normal"), uniform: draw("uniform") };
}

/** Turns 16 uniform values into 16 normal ones in place, in float32 as torch does:
 * radius from value j, angle from value j + 8. */
function boxMuller16(values: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * log32(1 - values[j]!))));
    const [cos, sin] = cosSin32(Math.fround(TWO_PI * values[j + 8]!));
    values[j] = radius * cos;
    values[j + 8] = radius * sin;
  }
}

const TWO_PI = Math.fround(2 * Math.PI);

/** mt19937: returns a function that gives the next 32-bit word. */
function mersenneTwister(seed: number): () => number {
  const [size, middle] = [624, 397];
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let next = size;

  const refill = () => {
    for (let i = 0; i < size; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % size]! & 0x7fffffff);
      state[i] = state[(i + middle) % size]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  };
  return () => {
    if (next === size) refill();
    let word = state[next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}
