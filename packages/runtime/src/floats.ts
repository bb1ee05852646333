import type { WeightType } from "@unclip/graph";

/** The types of weights that are floating-point numbers. */
export type FloatType = Extract<WeightType, "F32" | "F16" | "BF16">;

/** Whether a type of weights is a floating-point one. */
export function isFloat(type: WeightType): type is FloatType {
  return type === "F32" || type === "F16" || type === "BF16";
}

/** The numbers that the bytes of a weight stand for, little-endian. */
export function floatsOf(type: FloatType, bytes: Uint8Array): Float32Array {
  if (type === "F32") return new Float32Array(new Uint8Array(bytes).buffer);
  const bits = new Uint16Array(new Uint8Array(bytes).buffer);
  if (type === "BF16") return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
  halfFloats ??= Float32Array.from({ length: 2 ** 16 }, (_, value) => halfFloat(value));
  const table = halfFloats;
  return Float32Array.from(bits, (value) => table[value]!);
}

let halfFloats: Float32Array | undefined;

/** The number that 16 bits stand for: sign, 5 bits of exponent, 10 of fraction (IEEE 754 binary16). */
function halfFloat(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
