import type { WorkerModel } from "unclip/worker";

/** The size of pictures, by how many upsamplers run. */
export function SizeField(props: {
  readonly model: WorkerModel | undefined;
  readonly upsamplers: number;
  readonly onChange: (upsamplers: number) => void;
}) {
  const { model, upsamplers, onChange } = props;
  return (
    <label class="field">
      <span>Size</span>
      <select value={String(upsamplers)} onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}>
        {sizesOf(model).map((words, i) => (
          <option key={i} value={String(i)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The sizes that a model paints: its decoder's own, and four times as much for each upsampler. */
function sizesOf(model: WorkerModel | undefined): string[] {
  const { width, height } = model?.size ?? { width: 32, height: 32 };
  const most = model?.stages.upsamplers ?? 2;
  return Array.from({ length: most + 1 }, (_, i) => `${width * 4 ** i} × ${height * 4 ** i}`);
}
