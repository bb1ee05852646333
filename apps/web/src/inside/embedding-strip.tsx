import { useLayoutEffect, useRef } from "preact/hooks";

/** Embeddings as a strip of colours, a row for each: blue is below zero, red above. */
export function EmbeddingStrip({ rows, label }: { readonly rows: readonly Float32Array[]; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = rows[0]!.length;
  useLayoutEffect(() => {
    const image = new ImageData(width, rows.length);
    const most = Math.max(...rows.map((row) => row.reduce((size, value) => Math.max(size, Math.abs(value)), 0)));
    rows.forEach((row, y) => {
      row.forEach((value, x) => image.data.set(colourOf(value / most), 4 * (y * width + x)));
    });
    canvas.current!.getContext("2d")!.putImageData(image, 0, 0);
  }, [rows]);
  return (
    <canvas ref={canvas} class="embedding pixels" width={width} height={rows.length} role="img" aria-label={label} />
  );
}

/** @param value from -1 to 1 */
function colourOf(value: number): [number, number, number, number] {
  const strength = Math.sqrt(Math.abs(value));
  const [red, green, blue] = value < 0 ? [36, 81, 163] : [193, 52, 34];
  const mix = (part: number) => Math.round(246 + strength * (part - 246));
  return [mix(red), mix(green), mix(blue), 255];
}
