/** A number with its label. Left empty it is the model's own, which is shown in its place. */
export function NumberField(props: {
  readonly label: string;
  readonly value: number | undefined;
  readonly own?: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly disabled?: boolean;
  readonly onChange: (value: number | undefined) => void;
}) {
  const { label, value, own, min, max, step = 1, disabled = false, onChange } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number"
        inputMode="decimal"
        value={value ?? ""}
        placeholder={own === undefined ? "" : String(own)}
        min={min}
        max={max}
        step={step}
        required={own === undefined}
        disabled={disabled}
        onInput={({ currentTarget }) => onChange(currentTarget.value === "" ? undefined : Number(currentTarget.value))}
      />
    </label>
  );
}
