/** A sketch of the model's world, for places where a picture will be. */
export function Shapes() {
  return (
    <svg viewBox="0 0 200 80" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="1.5">
        <path d="M0 73h200" stroke-dasharray="2 5" />
        <path d="M30 25h44v44H30zM30 25l14-14h44L74 25M74 69l14-14V11" />
        <circle cx="122" cy="43" r="27" />
        <path d="M170 5l20 64h-40z" />
      </g>
    </svg>
  );
}
