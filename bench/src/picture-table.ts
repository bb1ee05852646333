import { markdownTable } from "./markdown-table.js";
import type { PictureMeasurement } from "./picture-measurement.js";

const HEADER = ["picture", "type", "open s", "painting s", "together s", "peak GB"];
const RATIOS = ["painting ratio", "together ratio"];
const ERRORS = ["error of the decoder's picture", "error of the picture"];

/** What pictures took, as a Markdown table: a row for each way. Ratios are to the way of diffusers that paints fastest. */
export function formatPictureTable(measurements: readonly PictureMeasurement[]): string {
  const [fastest] = measurements
    .filter(({ side }) => side === "diffusers")
    .toSorted((a, b) => a.paintSeconds - b.paintSeconds);
  const lines = measurements.map((one) => row(one, fastest));
  return markdownTable([...HEADER, ...(fastest === undefined ? [] : RATIOS), ...ERRORS], lines);
}

function row(measurement: PictureMeasurement, fastest: PictureMeasurement | undefined): string[] {
  const { side, preset, dtype, openSeconds, paintSeconds, peakBytes, errors } = measurement;
  return [
    preset === undefined ? side : `${side}, ${preset}`,
    dtype,
    openSeconds.toFixed(1),
    paintSeconds.toFixed(1),
    together(measurement).toFixed(1),
    (peakBytes / 1e9).toFixed(2),
    ...(fastest === undefined
      ? []
      : [paintSeconds / fastest.paintSeconds, together(measurement) / together(fastest)].map((ratio) =>
          ratio.toFixed(3),
        )),
    ...[errors?.decoder, errors?.final].map((error) => error?.toExponential(1) ?? ""),
  ];
}

function together({ openSeconds, paintSeconds }: PictureMeasurement): number {
  return openSeconds + paintSeconds;
}
