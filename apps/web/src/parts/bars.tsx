import type { LabelProbability } from "unclip/worker";

/** Probabilities as bars, in the order in which they come. */
export function Bars({ title, values }: { readonly title: string; readonly values: readonly LabelProbability[] }) {
  const largest = Math.max(...values.map(({ probability }) => probability));
  return (
    <ul class="bars" aria-label={title}>
      {values.map(({ label, probability }) => (
        <li key={label} class={probability === largest ? "first" : undefined}>
          <span>{label}</span>
          <span class="bar" aria-hidden="true">
            <i style={{ transform: `scaleX(${probability})` }} />
          </span>
          <b>{Math.round(100 * probability)} %</b>
        </li>
      ))}
    </ul>
  );
}
