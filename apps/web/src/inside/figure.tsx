import type { ComponentChildren } from "preact";

/** A part of the pipeline: a picture of it, and a short text beside. */
export function Figure(props: {
  readonly number: number;
  readonly title: string;
  readonly text: ComponentChildren;
  /** What is said while there is nothing to show; undefined if there is. */
  readonly waiting?: string;
  readonly children: ComponentChildren;
}) {
  const { number, title, text, waiting, children } = props;
  return (
    <section class="figure" aria-labelledby={`figure-${number}`}>
      <header>
        <span class="number" aria-hidden="true">
          {number}
        </span>
        <h2 id={`figure-${number}`}>{title}</h2>
        <div class="text">{text}</div>
      </header>
      <div class="plate">{waiting === undefined ? children : <p class="blank">{waiting}</p>}</div>
    </section>
  );
}
