/** A place on the pad, from 0 to 1 each way. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const CORNERS: Readonly<Record<number, readonly Point[]>> = {
  2: [
    { x: 0, y: 0.5 },
    { x: 1, y: 0.5 },
  ],
  3: [
    { x: 0.5, y: 0 },
    { x: 0, y: 1 },
    { x: 1, y: 1 },
  ],
  4: [
    { x: 0, y: 0 },
    { x: 1, y: 0 },
    { x: 0, y: 1 },
    { x: 1, y: 1 },
  ],
};

/** Where the items lie: two on a line, three on a triangle, four on a square. */
export function cornersOf(items: number): readonly Point[] {
  return CORNERS[items]!;
}

/** How much each item counts at a place; the sum is 1. On the line and in the triangle linear, in the square bilinear. */
export function weightsAt(items: number, { x, y }: Point): number[] {
  if (items === 2) return [1 - x, x];
  if (items === 4) return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const top = 1 - y;
  const right = x - top / 2;
  const weights = [top, 1 - top - right, right].map((weight) => Math.max(weight, 0));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** The nearest place that is on the pad: for three items inside of the triangle at the same height. */
export function onPad(items: number, { x, y }: Point): Point {
  const clamp = (value: number, least = 0, most = 1) => Math.min(Math.max(value, least), most);
  if (items === 2) return { x: clamp(x), y: 0.5 };
  const row = clamp(y);
  return items === 3 ? { x: clamp(x, (1 - row) / 2, (1 + row) / 2), y: row } : { x: clamp(x), y: row };
}
