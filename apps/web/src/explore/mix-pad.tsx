import { useRef } from "preact/hooks";
import { PictureView } from "../parts/picture-view.js";
import type { ShelfItem } from "../shelf/use-shelf.js";
import { cornersOf, onPad, weightsAt, type Point } from "./mix-weights.js";

/** How far an arrow key goes. */
const KEY_STEP = 0.05;

const KEYS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -KEY_STEP, y: 0 },
  ArrowRight: { x: KEY_STEP, y: 0 },
  ArrowUp: { x: 0, y: -KEY_STEP },
  ArrowDown: { x: 0, y: KEY_STEP },
};

/** A pad with two to four items at its corners: the nearer the handle is to one, the more it counts. */
export function MixPad(props: {
  readonly items: readonly ShelfItem[];
  readonly at: Point;
  readonly onMove: (at: Point) => void;
}) {
  const { items, at, onMove } = props;
  const pad = useRef<HTMLDivElement>(null);
  const count = items.length;
  const weights = weightsAt(count, at);
  const words = items.map(({ name }, i) => `${Math.round(100 * weights[i]!)} % ${name}`).join(", ");
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = pad.current!.getBoundingClientRect();
    onMove(onPad(count, { x: (clientX - left) / width, y: (clientY - top) / height }));
  };
  const percent = (value: number) => `${100 * value}%`;
  return (
    <div class={`mix-pad of-${count}`}>
      <div
        ref={pad}
        class="field-of-play"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
        }}
      >
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <polygon points={outlineOf(count)} />
          {cornersOf(count).map((corner, i) => (
            <line
              key={i}
              x1={100 * corner.x}
              y1={100 * corner.y}
              x2={100 * at.x}
              y2={100 * at.y}
              style={{ opacity: 0.1 + 0.9 * weights[i]! }}
            />
          ))}
        </svg>
        {items.map((item, i) => {
          const { x, y } = cornersOf(count)[i]!;
          return (
            <span key={item.id} class="corner" style={{ left: percent(x), top: percent(y) }}>
              {item.picture === undefined ? <span>{item.name}</span> : <PictureView picture={item.picture} label="" />}
              <b>{Math.round(100 * weights[i]!)} %</b>
            </span>
          );
        })}
        <div
          class="handle"
          role="slider"
          tabIndex={0}
          aria-label="Mixture"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(100 * at.x)}
          aria-valuetext={words}
          style={{ left: percent(at.x), top: percent(at.y) }}
          onKeyDown={(event) => {
            const step = KEYS[event.key];
            if (step === undefined) return;
            event.preventDefault();
            onMove(onPad(count, { x: at.x + step.x, y: at.y + step.y }));
          }}
        />
      </div>
    </div>
  );
}

function outlineOf(items: number): string {
  const corners = cornersOf(items);
  const round = items === 4 ? [0, 1, 3, 2].map((i) => corners[i]!) : corners;
  return round.map(({ x, y }) => `${100 * x},${100 * y}`).join(" ");
}
