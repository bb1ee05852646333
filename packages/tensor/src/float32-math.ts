/* Logarithm, sine and cosine in float32 by the polynomials of Cephes, with fused multiply-adds: the arithmetic behind
 * torch's vectorised normal numbers. Accurate to about one unit in the last place, but the same unit as torch.
 * Source of the coefficients: Moshier, Cephes mathematical library, single precision (logf.c, sinf.c). */

const f32 = Math.fround;

/** a * b + c, rounded once (a float64 holds the product of two float32 exactly). */
const fma = (a: number, b: number, c: number) => f32(a * b + c);

const LOG_COEFFICIENTS = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f32);
const SQRT_HALF = f32(0.7071067811865475);
const [LN2_LOW, LN2_HIGH] = [f32(-2.1219444e-4), f32(0.693359375)];

const bits = new DataView(new ArrayBuffer(4));

/** Natural logarithm of a normal float32 above 0. */
export function log32(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  let exponent = (word >>> 23) - 126;
  bits.setUint32(0, (word & 0x007fffff) | 0x3f000000);
  let x = bits.getFloat32(0); // value = x 2^exponent, x in [0.5, 1)
  if (x < SQRT_HALF) {
    exponent -= 1;
    x = f32(f32(x - 1) + x);
  } else {
    x = f32(x - 1);
  }
  const z = f32(x * x);
  let y = LOG_COEFFICIENTS.reduce((sum, c) => fma(sum, x, c), 0);
  y = fma(f32(y * x), z, f32(exponent * LN2_LOW));
  y = fma(-z, 0.5, y);
  return fma(exponent, LN2_HIGH, f32(x + y));
}

const FOUR_OVER_PI = f32(1.27323954473516);
const [QUARTER_1, QUARTER_2, QUARTER_3] = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f32) as [
  number,
  number,
  number,
];
const COS_COEFFICIENTS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32);
const SIN_COEFFICIENTS = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32);

/** Cosine and sine of a float32 angle in [0, 8192). */
export function cosSin32(angle: number): [number, number] {
  const octant = (Math.trunc(f32(angle * FOUR_OVER_PI)) + 1) & ~1;
  const x = fma(octant, QUARTER_3, fma(octant, QUARTER_2, fma(octant, QUARTER_1, angle)));
  const z = f32(x * x);
  const c = COS_COEFFICIENTS.reduce((sum, k) => fma(sum, z, k), 0);
  const cosine = f32(fma(f32(c * z), z, -0.5 * z) + 1);
  const s = SIN_COEFFICIENTS.reduce((sum, k) => fma(sum, z, k), 0);
  const sine = fma(f32(s * z), x, x);
  const swap = (octant & 2) !== 0;
  const cosSign = (octant - 2) & 4 ? 1 : -1;
  const sinSign = octant & 4 ? -1 : 1;
  return [cosSign * (swap ? sine : cosine), sinSign * (swap ? cosine : sine)];
}
