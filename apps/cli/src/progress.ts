import type { Picture, StageStep } from "unclip";
import { pictureGrid } from "./picture-layout.js";
import { displayOf, type Display } from "./terminal.js";
import { removeKittyPicture, terminalPicture } from "./terminal-picture.js";
import type { Output, Host } from "./host.js";

/** A step of a stage, or of a download, which counts in another unit. */
export interface ShownStep extends StageStep {
  /** What is counted; default steps. */
  readonly unit?: string;
}

/** Shows how far the stages are. A stage without steps is left out. */
export interface Progress {
  /** Takes note of a step, and draws it if it is time to. A new stage says that the one before it is complete. */
  show(step: ShownStep): Promise<void>;
  /** The last stage is complete. */
  finish(): void;
  /** There will be no more steps: takes the preview away. Nothing happens after `finish`. */
  stop(): void;
}

/** Progress on stderr: a bar for each stage with a live preview below on a terminal, a few plain lines anywhere else. */
export function createProgress(host: Pick<Host, "stderr" | "env" | "now" | "engine">): Progress {
  const display = displayOf(host.stderr, host.env);
  return display.isLive ? liveProgress(host, display) : plainProgress(host);
}

/** Time between two plain lines of one stage. */
const plainPauseMs = 10_000;

function plainProgress({ stderr, now }: Pick<Host, "stderr" | "now">): Progress {
  let current: ShownStep | undefined;
  let startMs = 0;
  let lineMs = 0;
  const write = (text: string) => {
    lineMs = now();
    stderr.write(`${text}, ${elapsed(lineMs - startMs)}\n`);
  };
  return {
    async show(step) {
      if (step.steps === 0) return;
      if (step.stage !== current?.stage) {
        this.finish();
        startMs = lineMs = now();
      }
      current = step;
      if (step.step < step.steps && now() - lineMs >= plainPauseMs) write(`${step.stage}: ${countOf(step)}`);
    },
    finish() {
      if (current !== undefined) write(`${current.stage}: ${current.steps} ${unitOf(current)}`);
      current = undefined;
    },
    stop() {},
  };
}

function countOf({ step, steps, unit }: ShownStep): string {
  return unit === undefined ? `step ${step} of ${steps}` : `${step} of ${steps} ${unit}`;
}

function unitOf({ steps, unit = steps === 1 ? "step" : "steps" }: ShownStep): string {
  return unit;
}

/** Time between two drawings of one stage. */
const livePauseMs = 60;
/** Rows that a preview takes at most, and rows of the terminal that it leaves to text. */
const previewRows = 16;
const textRows = 4;
/** Pictures that a preview shows at most. */
const previewPictures = 4;
const previewId = 7_695_971; // any number that another program is unlikely to use

function liveProgress({ stderr, now, engine }: Pick<Host, "stderr" | "now" | "engine">, display: Display): Progress {
  let current: ShownStep | undefined;
  let startMs = 0;
  let drawnMs = 0;
  let drawnRows = 0;

  async function previewOf({ preview }: StageStep): Promise<{ text: string; rows: number }> {
    const columns = columnsOf(stderr) - 1;
    const rows = Math.min(previewRows, rowsOf(stderr) - textRows);
    if (display.pictures === undefined || preview === undefined || rows < 1) return { text: "", rows: 0 };
    const picture = pictureGrid((await preview()).slice(0, previewPictures), previewPictures);
    return terminalPicture(picture, {
      protocol: display.pictures,
      columns,
      rows,
      encodePng: engine.encodePng,
      id: previewId,
    });
  }

  function draw(step: ShownStep, preview: { text: string; rows: number }): void {
    const back = drawnRows === 0 ? "" : `\x1b[${drawnRows}A\r\x1b[J`;
    const line = barLine(step, { columns: columnsOf(stderr), hasColor: display.hasColor, ms: now() - startMs });
    stderr.write(`${back}${line}\n${preview.text}`);
    drawnRows = preview.rows + 1;
    drawnMs = now();
  }

  function end(last: ShownStep | undefined): void {
    if (last === undefined) return;
    if (display.pictures === "kitty") stderr.write(removeKittyPicture(previewId));
    draw(last, { text: "", rows: 0 });
    current = undefined;
    drawnRows = 0;
  }

  return {
    async show(step) {
      if (step.steps === 0) return;
      const isNew = step.stage !== current?.stage;
      if (isNew) {
        this.finish();
        startMs = now();
      }
      current = step;
      if (isNew || step.step === step.steps || now() - drawnMs >= livePauseMs) draw(step, await previewOf(step));
    },
    finish: () => end(current && { ...current, step: current.steps }),
    stop: () => end(current),
  };
}

const barWidth = 24;
const green = "\x1b[32m";
const dim = "\x1b[2m";
const reset = "\x1b[0m";

interface BarOptions {
  readonly columns: number;
  readonly hasColor: boolean;
  readonly ms: number;
}

/** "decoder      ━━━━━━━━━━━━────────────  12/25  3.2 s", cut to one line of the terminal. */
function barLine({ stage, step, steps, unit = "" }: ShownStep, { columns, hasColor, ms }: BarOptions): string {
  const share = step / steps;
  const done = Number.isNaN(share) ? 0 : Math.round(Math.min(Math.max(share, 0), 1) * barWidth);
  const parts: [string, string][] = [
    [stage.padEnd(12), ""],
    [" ", ""],
    ["━".repeat(done), green],
    ["─".repeat(barWidth - done), dim],
    [`  ${`${step}/${steps} ${unit}`.trimEnd()}`.padEnd(10), ""],
    [elapsed(ms), dim],
  ];
  let room = columns - 1;
  return parts
    .map(([text, style]) => {
      const shown = text.slice(0, Math.max(0, room));
      room -= shown.length;
      return hasColor && style !== "" ? `${style}${shown}${reset}` : shown;
    })
    .join("");
}

/** The pictures one after the other, in lines of as many as a preview shows, as large as the terminal allows.
 * @returns nothing where pictures cannot be shown */
export async function picturesAsText(pictures: readonly Picture[], output: Output, host: Host): Promise<string> {
  const { pictures: protocol } = displayOf(output, host.env);
  if (protocol === undefined) return "";
  const room = { columns: columnsOf(output) - 1, rows: Math.max(1, rowsOf(output) - textRows) };
  let text = "";
  for (let first = 0; first < pictures.length; first += previewPictures) {
    const strip = pictureGrid(pictures.slice(first, first + previewPictures), previewPictures);
    text += (await terminalPicture(strip, { protocol, ...room, encodePng: host.engine.encodePng })).text;
  }
  return text;
}

/** A duration for people: "0.4 s", "59.9 s", "1 min 05 s". */
export function elapsed(ms: number): string {
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

function columnsOf({ columns }: Output): number {
  return columns === undefined || columns < 1 ? 80 : columns;
}

function rowsOf({ rows }: Output): number {
  return rows === undefined || rows < 1 ? 24 : rows;
}
