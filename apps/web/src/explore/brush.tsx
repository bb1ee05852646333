import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Picture } from "unclip/worker";
import { PictureView } from "../parts/picture-view.js";
import { CELLS, dab, type Mask } from "./mask.js";

/** How far an arrow key moves the brush, in cells. */
const KEY_STEP = 2;

const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

/** A picture on which an area is marked, by pointer or by keyboard. */
export function Brush(props: {
  readonly picture: Picture;
  readonly name: string;
  readonly mask: Mask;
  readonly radius: number;
  readonly isEraser: boolean;
  readonly onPaint: (mask: Mask) => void;
}) {
  const { picture, name, mask, radius, isEraser, onPaint } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState({ x: CELLS / 2, y: CELLS / 2 });
  const newest = useRef(mask);
  newest.current = mask;
  useLayoutEffect(() => drawMask(canvas.current!, mask), [mask]);
  const paintAt = (x: number, y: number) => {
    newest.current = dab(newest.current, { x, y, radius, value: isEraser ? 0 : 1 });
    onPaint(newest.current);
  };
  const placeOf = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    return { x: ((clientX - left) / width) * CELLS, y: ((clientY - top) / height) * CELLS };
  };
  const follow = (event: PointerEvent) => {
    const place = placeOf(event);
    setCursor(place);
    if (canvas.current!.hasPointerCapture(event.pointerId)) paintAt(place.x, place.y);
  };
  return (
    <div class="brush">
      <PictureView picture={picture} label={name} />
      <canvas
        ref={canvas}
        class="mask"
        width={CELLS}
        height={CELLS}
        tabIndex={0}
        role="application"
        aria-label="Brush: arrow keys move it, space paints"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={follow}
        onKeyDown={(event) => {
          const step = KEYS[event.key];
          if (step === undefined && event.key !== " ") return;
          event.preventDefault();
          if (step === undefined) return paintAt(cursor.x, cursor.y);
          const clamp = (value: number) => Math.min(Math.max(value, 0), CELLS);
          const place = { x: clamp(cursor.x + step[0]), y: clamp(cursor.y + step[1]) };
          setCursor(place);
          if (event.shiftKey) paintAt(place.x, place.y);
        }}
      />
      <span
        class="tip"
        aria-hidden="true"
        style={{
          left: `${(100 * cursor.x) / CELLS}%`,
          top: `${(100 * cursor.y) / CELLS}%`,
          width: `${(200 * radius) / CELLS}%`,
        }}
      />
    </div>
  );
}

function drawMask(canvas: HTMLCanvasElement, mask: Mask): void {
  const image = new ImageData(CELLS, CELLS);
  for (const [i, value] of mask.entries()) image.data.set([224, 49, 49, 165 * value], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
