import { useEffect, useRef, useState } from "preact/hooks";
import type { Shown } from "../painter/job.js";
import { PictureView } from "./picture-view.js";

/** Time between two pictures, in milliseconds. */
const FRAME_MS = 160;

/** Pictures of one way: one of them large, all of them small below, and a slider to go along. */
export function Film(props: {
  readonly title: string;
  readonly pictures: readonly Shown[];
  readonly at: number;
  readonly onMove: (at: number) => void;
}) {
  const { title, pictures, at, onMove } = props;
  const [isPlaying, setIsPlaying] = useState(false);
  const now = useRef(at);
  now.current = at;
  const last = pictures.length - 1;
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => {
      const next = now.current + 1;
      if (next >= last) setIsPlaying(false);
      onMove(Math.min(next, last));
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [isPlaying, last]);
  const words = pictures[at]!.label ?? String(at + 1);
  return (
    <div class="film">
      <PictureView picture={pictures[at]!.picture} label={`${title}, ${words}`} />
      <div class="row reel">
        <button
          type="button"
          aria-label={`${isPlaying ? "Pause" : "Play"} ${title}`}
          onClick={() => {
            if (!isPlaying && at === last) onMove(0);
            setIsPlaying(!isPlaying);
          }}
        >
          {isPlaying ? "Pause" : "Play"}
        </button>
        <label class="slider">
          <span>
            Frame <span class="value">{words}</span>
          </span>
          <input
            type="range"
            min={0}
            max={last}
            value={at}
            aria-label={`Frame of ${title}`}
            aria-valuetext={words}
            onInput={({ currentTarget }) => onMove(Number(currentTarget.value))}
          />
        </label>
      </div>
      <ol class="strip" aria-hidden="true">
        {pictures.map(({ picture, label }, i) => (
          <li key={i} class={i === at ? "now" : undefined} onClick={() => onMove(i)}>
            <PictureView picture={picture} label="" />
            <small>{label}</small>
          </li>
        ))}
      </ol>
    </div>
  );
}
