import { useEffect, useRef, useState } from "preact/hooks";
import type { LabelProbability } from "unclip/worker";
import { createLatest } from "../painter/latest.js";
import { Bars } from "../parts/bars.js";
import { PictureView } from "../parts/picture-view.js";
import { LABEL_SETS, labelsOf } from "./labels.js";
import { NeedsPicture } from "./needs-picture.js";
import type { ToolProps } from "./tool.js";

/** Zero-shot classification: CLIP compares the picture with captions, while they are written. */
export function ClassifyTool({ painter, shelf: { picture: subject } }: ToolProps) {
  const [set, setSet] = useState(LABEL_SETS[0]!);
  const [text, setText] = useState(set.labels.join(", "));
  const [template, setTemplate] = useState(set.template);
  const [values, setValues] = useState<readonly LabelProbability[]>([]);
  const [problem, setProblem] = useState<string>();
  const latest = useRef(createLatest());
  const labels = labelsOf(text);
  const isReady = subject !== undefined && labels.length > 0 && !painter.isBusy && painter.model !== undefined;
  useEffect(() => {
    if (!isReady) return;
    latest
      .current(async () => {
        setValues(await painter.unclip().classify(subject.picture!, labels, { template }));
        setProblem(undefined);
      })
      .catch((error: Error) => setProblem(error.message));
  }, [subject?.id, labels.join("\n"), template, isReady]);
  if (subject === undefined)
    return <NeedsPicture does="CLIP tells which words fit a picture best, while you write them" />;
  return (
    <div class="tool split">
      <PictureView picture={subject.picture!} label={subject.name} />
      <div class="controls">
        <div class="row" role="group" aria-label="Labels to try">
          {LABEL_SETS.map((one) => (
            <button
              key={one.name}
              type="button"
              aria-pressed={one === set}
              onClick={() => {
                setSet(one);
                setText(one.labels.join(", "));
                setTemplate(one.template);
              }}
            >
              {one.name}
            </button>
          ))}
        </div>
        <label class="field">
          <span>Labels, between commas</span>
          <textarea rows={2} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
        </label>
        <label class="field">
          <span>Caption around a label</span>
          <input value={template} onInput={({ currentTarget }) => setTemplate(currentTarget.value)} />
        </label>
        {problem === undefined ? (
          <Bars title="How well each label fits" values={values} />
        ) : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <p class="hint">
          Each label is put into the caption, and CLIP’s cosine between picture and caption decides. No classifier was
          trained: that is what zero-shot means.
        </p>
      </div>
    </div>
  );
}
