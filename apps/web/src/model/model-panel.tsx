import type { Device } from "unclip/worker";
import type { Opening, Painter } from "../painter/use-painter.js";
import { deviceWords, modelWords, sizeWords } from "../painter/words.js";
import { chosenFiles } from "./folder-files.js";
import { FolderTable } from "./folder-table.js";

const DEVICES = [
  { value: "auto", words: "Automatic" },
  { value: "wasm", words: "WebAssembly (processor)" },
  { value: "webgpu", words: "WebGPU (graphics card)" },
] as const satisfies readonly { value: Device | "auto"; words: string }[];

/** Which model is open, on what it runs and why, and ways to open another. */
export function ModelPanel(props: {
  readonly painter: Painter;
  readonly problem: string | undefined;
  readonly onOpen: (opening: Opening) => void;
}) {
  const { painter, problem, onOpen } = props;
  const { model, opening, download, notice, hasFailed, isBusy } = painter;
  const { device, files } = opening;
  const isOpening = model === undefined && !hasFailed;
  const statusWords = hasFailed ? "no model is open" : modelWords(model);
  return (
    <details class="model" open={problem !== undefined || notice !== undefined || files !== undefined}>
      <summary>
        <span class="status" role="status">
          {download === undefined
            ? statusWords
            : `fetching the model: ${sizeWords(download.loaded)} of ${sizeWords(download.total)}`}
        </span>
      </summary>
      <div class="panel model-body">
        {(problem ?? notice) !== undefined && (
          <p class="problem" role="alert">
            {problem ?? notice}
          </p>
        )}
        {model?.passedOver.map((passed) => (
          <p key={passed.device} class="hint">
            {deviceWords(passed.device)} was not taken: {passed.reason}.
          </p>
        ))}
        <div class="row">
          <label class="field">
            <span>Runs on</span>
            <select
              value={device}
              disabled={isBusy || isOpening}
              onChange={({ currentTarget }) => onOpen({ ...opening, device: currentTarget.value as Opening["device"] })}
            >
              {DEVICES.map(({ value, words }) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <label class={`file${isBusy ? " off" : ""}`}>
            <span>Open a model folder</span>
            <input
              type="file"
              {...{ webkitdirectory: true }} // Preact's types do not have it
              disabled={isBusy}
              onChange={({ currentTarget }) => {
                const chosen = chosenFiles(currentTarget.files ?? []);
                currentTarget.value = "";
                if (chosen.length > 0) onOpen({ device, files: chosen });
              }}
            />
          </label>
          {files !== undefined && (
            <button type="button" disabled={isBusy} onClick={() => onOpen({ device })}>
              Back to toybox
            </button>
          )}
        </div>
        <p class="hint">
          “Automatic” takes WebGPU where it passes a check against known numbers, otherwise WebAssembly. A model folder
          is what diffusers’ <code>save_pretrained</code> writes; choose it, or drop it onto the page. It is opened in
          place, nothing is uploaded.
        </p>
        {files !== undefined && <FolderTable files={files} />}
        {model !== undefined && model.lacks.length > 0 && (
          <ul class="hint">
            {model.lacks.map((lack) => (
              <li key={lack}>{lack}</li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}
