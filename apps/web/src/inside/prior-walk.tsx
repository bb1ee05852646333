import { useMemo } from "preact/hooks";
import { EmbeddingStrip } from "./embedding-strip.js";
import type { PriorMoment } from "./trace.js";

const [WIDTH, HEIGHT] = [640, 240];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 12, 36];

/** The prior's walk: at each step, how near the predicted image embedding is to the caption's text embedding and to where the walk ends. */
export function PriorWalk({ moments }: { readonly moments: readonly PriorMoment[] }) {
  const end = moments.at(-1)!.embedding;
  const toEnd = useMemo(() => moments.map(({ embedding }) => cosineOf(embedding, end)), [moments]);
  const toText = moments.map((moment) => moment.toText);
  const rows = useMemo(() => moments.map(({ embedding }) => embedding), [moments]);
  const least = Math.min(0, ...toEnd, ...toText);
  const x = (i: number) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(moments.length - 1, 1);
  const y = (value: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (1 - value)) / (1 - least);
  const line = (values: readonly number[]) => values.map((value, i) => `${x(i)},${y(value)}`).join(" ");
  const [last, first] = [toText.at(-1)!, toEnd[0]!];
  return (
    <>
      <svg
        class="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`In ${moments.length} steps the cosine to the final embedding goes from ${first.toFixed(2)} to 1, and the cosine to the text embedding from ${toText[0]!.toFixed(2)} to ${last.toFixed(2)}.`}
      >
        {[0, 0.5, 1].map((value) => (
          <g key={value}>
            <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
              {value}
            </text>
          </g>
        ))}
        {moments.map(({ t }, i) => (
          <text key={i} x={x(i)} y={HEIGHT - 12} text-anchor="middle">
            {i % Math.ceil(moments.length / 10) === 0 ? `t ${t}` : ""}
          </text>
        ))}
        <polyline class="to-end" points={line(toEnd)} />
        <polyline class="to-text" points={line(toText)} />
        {moments.map((_, i) => (
          <g key={i}>
            <circle class="to-end" cx={x(i)} cy={y(toEnd[i]!)} r="4" />
            <circle class="to-text" cx={x(i)} cy={y(toText[i]!)} r="4" />
          </g>
        ))}
      </svg>
      <ul class="legend">
        <li class="to-end">
          cosine to the final z<sub>i</sub>
        </li>
        <li class="to-text">
          cosine to the text embedding z<sub>t</sub>: {last.toFixed(2)} at the end
        </li>
      </ul>
      <EmbeddingStrip
        rows={rows}
        label={`The predicted image embedding at each of ${moments.length} steps, one row each`}
      />
    </>
  );
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [dot, squareA, squareB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    dot += value * b[i]!;
    squareA += value * value;
    squareB += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(squareA * squareB);
}
