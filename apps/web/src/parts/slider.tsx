/** A range with its label and its value. */
export function Slider(props: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value in words; default the number. */
  readonly words?: string;
  readonly onChange: (value: number) => void;
}) {
  const { label, value, min, max, step, words = String(value), onChange } = props;
  return (
    <label class="slider">
      <span>
        {label} <span class="value">{words}</span>
      </span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-label={label}
        aria-valuetext={words}
        onInput={({ currentTarget }) => onChange(Number(currentTarget.value))}
      />
    </label>
  );
}
