/** A button that lets a person choose a picture file, or, on a phone, take one with the camera. */
export function PictureInput(props: {
  readonly label: string;
  readonly capture?: boolean;
  readonly disabled?: boolean;
  readonly onFile: (file: File) => void;
}) {
  const { label, capture = false, disabled = false, onFile } = props;
  return (
    <label class={`file${disabled ? " off" : ""}${capture ? " camera" : ""}`}>
      <span>{label}</span>
      <input
        type="file"
        accept="image/*"
        disabled={disabled}
        {...(capture && { capture: "environment" as const })}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          currentTarget.value = "";
          if (file !== undefined) onFile(file);
        }}
      />
    </label>
  );
}
