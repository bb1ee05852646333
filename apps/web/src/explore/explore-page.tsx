import { useState } from "preact/hooks";
import type { Painter } from "../painter/use-painter.js";
import type { JobActions } from "../parts/job-card.js";
import { JobList } from "../parts/job-list.js";
import { NumberField } from "../parts/number-field.js";
import { SizeField } from "../parts/size-field.js";
import { ShelfView } from "../shelf/shelf-view.js";
import type { Shelf } from "../shelf/use-shelf.js";
import { ClassifyTool } from "./classify-tool.js";
import { ComponentsTool } from "./components-tool.js";
import { EditTool } from "./edit-tool.js";
import { InpaintTool } from "./inpaint-tool.js";
import { MixTool } from "./mix-tool.js";
import type { ToolProps } from "./tool.js";
import { VaryTool } from "./vary-tool.js";

const TOOLS = [
  { id: "vary", name: "Vary", Tool: VaryTool },
  { id: "mix", name: "Mix", Tool: MixTool },
  { id: "edit", name: "Text diff", Tool: EditTool },
  { id: "inpaint", name: "Inpaint", Tool: InpaintTool },
  { id: "components", name: "Components", Tool: ComponentsTool },
  { id: "classify", name: "Label", Tool: ClassifyTool },
] as const;

/** Tools that find a picture's own noise. */
const INVERTING: readonly string[] = ["vary", "mix", "edit"];

/** What is painted to start with. */
const STARTERS = ["a red cube", "a blue sphere"];

/** The Explore page: material on one side, a tool and what it made on the other. */
export function ExplorePage(
  props: {
    readonly painter: Painter;
    readonly shelf: Shelf;
    readonly onFile: (file: File) => void;
  } & JobActions,
) {
  const { painter, shelf, onFile, ...actions } = props;
  const [at, setAt] = useState(0);
  const [upsamplers, setUpsamplers] = useState(1);
  const [seed, setSeed] = useState(7);
  const [steps, setSteps] = useState(25);
  const [starting, setStarting] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { id, Tool } = TOOLS[at]!;
  const startWith = async () => {
    setStarting(true);
    setProblem(undefined);
    try {
      const { images } = await painter.unclip().generate(STARTERS, { seed: 7, upsamplers: 1 });
      STARTERS.forEach((name, i) => shelf.add({ name, picture: images[i]! }));
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setStarting(false);
    }
  };
  const most = painter.model?.stages.upsamplers ?? 2;
  const tool: ToolProps = { painter, shelf, upsamplers: Math.min(upsamplers, most), seed, steps };
  const jobs = painter.jobs.filter(({ place }) => place === id);
  return (
    <div class="explore">
      <ShelfView
        shelf={shelf}
        isBusy={painter.isBusy || starting}
        onFile={onFile}
        onStarters={() => void startWith()}
      />
      <section class="bench" aria-labelledby="tools-title">
        <h2 id="tools-title" class="unseen">
          Tools
        </h2>
        <div class="tabs" role="tablist" aria-label="Tools">
          {TOOLS.map((one, i) => (
            <button
              key={one.id}
              type="button"
              role="tab"
              id={`tab-${one.id}`}
              aria-selected={i === at}
              aria-controls="tool"
              tabIndex={i === at ? 0 : -1}
              onClick={() => setAt(i)}
              onKeyDown={(event) => {
                const step = { ArrowRight: 1, ArrowLeft: TOOLS.length - 1 }[event.key];
                if (step === undefined) return;
                const next = (at + step) % TOOLS.length;
                setAt(next);
                document.getElementById(`tab-${TOOLS[next]!.id}`)!.focus();
              }}
            >
              {one.name}
            </button>
          ))}
        </div>
        <div class="panel" role="tabpanel" id="tool" aria-labelledby={`tab-${id}`}>
          {starting && <p class="blank">painting two to start with …</p>}
          {problem !== undefined && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
          {!starting && <Tool key={id} {...tool} />}
          <div class="row settings" hidden={id === "classify"}>
            <NumberField label="Seed" value={seed} min={0} max={999_999} onChange={(value) => setSeed(value ?? 0)} />
            <SizeField model={painter.model} upsamplers={tool.upsamplers} onChange={setUpsamplers} />
            {INVERTING.includes(id) && (
              <NumberField label="Steps" value={steps} min={2} max={200} onChange={(value) => setSteps(value ?? 25)} />
            )}
            {painter.isBusy && (
              <button type="button" onClick={painter.stop}>
                Stop
              </button>
            )}
          </div>
        </div>
        <JobList jobs={jobs} isBusy={painter.isBusy} {...actions} />
      </section>
    </div>
  );
}
