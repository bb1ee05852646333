import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { toImageData, type Picture } from "unclip/worker";
import { PictureView } from "../parts/picture-view.js";

/** The side of what the loupe shows, as a share of the picture's. */
const SHARE = 0.25;

/** How far an arrow key moves the loupe. */
const KEY_STEP = 0.05;

const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

/** One picture at several sizes: the same small area of each, side by side. */
export function Loupe({ pictures }: { readonly pictures: readonly Picture[] }) {
  const [at, setAt] = useState({ x: 0.375, y: 0.375 });
  const most = 1 - SHARE;
  const clamp = (value: number) => Math.min(Math.max(value, 0), most);
  const move = (x: number, y: number) => setAt({ x: clamp(x), y: clamp(y) });
  const largest = pictures.at(-1)!;
  return (
    <div class="loupe">
      <div
        class="whole"
        onPointerMove={({ currentTarget, clientX, clientY }) => {
          const { left, top, width, height } = currentTarget.getBoundingClientRect();
          move((clientX - left) / width - SHARE / 2, (clientY - top) / height - SHARE / 2);
        }}
      >
        <PictureView picture={largest} label="The finished picture" />
        <div
          class="glass"
          role="slider"
          tabIndex={0}
          aria-label="Loupe"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round((100 * at.x) / most)}
          aria-valuetext={`${Math.round((100 * at.x) / most)} % across, ${Math.round((100 * at.y) / most)} % down`}
          style={{ left: `${100 * at.x}%`, top: `${100 * at.y}%`, width: `${100 * SHARE}%` }}
          onKeyDown={(event) => {
            const step = KEYS[event.key];
            if (step === undefined) return;
            event.preventDefault();
            move(at.x + step[0], at.y + step[1]);
          }}
        />
      </div>
      <div class="views">
        {pictures.map((picture, i) => (
          <figure key={i}>
            <Detail picture={picture} at={at} label={`${nameOf(i)}, under the loupe`} />
            <figcaption>
              {nameOf(i)}: {Math.round(SHARE * picture.width)} × {Math.round(SHARE * picture.height)} of {picture.width}{" "}
              × {picture.height} pixels
            </figcaption>
          </figure>
        ))}
      </div>
    </div>
  );
}

function nameOf(i: number): string {
  return i === 0 ? "decoder" : `upsampler ${i}`;
}

/** A small area of a picture, whose pixels are seen. */
function Detail(props: {
  readonly picture: Picture;
  readonly at: { readonly x: number; readonly y: number };
  readonly label: string;
}) {
  const { picture, at, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(SHARE * side)));
  useLayoutEffect(() => {
    const [left, top] = [Math.round(at.x * picture.width), Math.round(at.y * picture.height)];
    canvas.current!.getContext("2d")!.putImageData(toImageData(picture), -left, -top);
  }, [picture, at]);
  return <canvas ref={canvas} class="pixels" width={width} height={height} role="img" aria-label={label} />;
}
