import { useEffect, useState } from "preact/hooks";
import { readPicture, type Picture, type Recipe, type WorkerModel } from "unclip/worker";
import { JobCard } from "./job-card.js";
import { recipeOfLink, recipeOfPng } from "./recipe-text.js";
import { canUse, priorWords, RequestForm } from "./request-form.js";
import { FIRST_SETTINGS, PRIORS, requestOf, settingsOf, type Settings } from "./settings.js";
import { usePainter } from "./use-painter.js";

/** The page. */
export function App() {
  const [settings, setSettings] = useState<Settings>(FIRST_SETTINGS);
  const [problem, setProblem] = useState<string>();
  const [isOver, setIsOver] = useState(false);
  const painter = usePainter();
  const { model, jobs, download, notice, isBusy } = painter;

  const paint = (given: Settings, title = given.caption) =>
    painter.paint(title, (unclip, signal) => unclip.generate(given.caption, { ...requestOf(given), signal }));
  const again = (recipe: Recipe) => {
    const known = settingsOf(recipe);
    if (known !== undefined) setSettings(known);
    const title = known?.caption ?? `${recipe.operation}, from its recipe`;
    return painter.paint(title, (unclip, signal) => unclip.again(recipe, { signal }));
  };
  const vary = (picture: Picture, title: string) => {
    const { seed, upsamplers } = settings;
    const request = { seed, n: 2, upsamplers };
    return painter.paint(`variations of ${title}`, (unclip, signal) => unclip.vary(picture, { ...request, signal }));
  };
  const compare = () => {
    for (const prior of PRIORS.filter((kind) => canUse(kind, model)).reverse()) {
      void paint({ ...settings, prior, n: 1 }, `${settings.caption} (${priorWords(prior)})`);
    }
  };
  /** Runs `work`; what goes wrong is said on the page. */
  const saying = async (work: () => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const open = (file: File) =>
    saying(async () => {
      const isPng = file.type === "image/png" || file.name.endsWith(".png");
      const bytes = new Uint8Array(await file.arrayBuffer());
      const recipe = isPng ? recipeIn(bytes, file.name) : undefined;
      if (recipe !== undefined) return again(recipe);
      return vary(await readPicture(file), file.name);
    });

  const openModel = (files: readonly File[]) =>
    saying(async () => {
      const { stages } = await painter.openModel(files);
      setSettings((last) => ({ ...last, upsamplers: Math.min(last.upsamplers, stages.upsamplers) }));
    });

  useEffect(() => {
    const follow = () =>
      void saying(async () => {
        const recipe = await recipeOfLink(location.href);
        if (recipe !== undefined) await again(recipe);
      });
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const [file] = event.clipboardData?.files ?? [];
      if (file !== undefined) void open(file);
    };
    addEventListener("paste", onPaste);
    return () => removeEventListener("paste", onPaste);
  });

  return (
    <div
      class={`page${isOver ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        const [file] = event.dataTransfer?.files ?? [];
        if (file !== undefined) void open(file);
      }}
    >
      <header class="top">
        <img src="./icon.svg" alt="" width="48" height="48" />
        <div>
          <h1>unclip</h1>
          <p>A caption becomes a picture, here in your browser. Nothing is sent anywhere.</p>
        </div>
      </header>
      <main>
        <section class="ask" aria-label="Generate">
          <RequestForm
            settings={settings}
            model={model}
            isBusy={isBusy}
            onChange={setSettings}
            onPaint={() => void paint(settings)}
            onCompare={compare}
            onStop={painter.stop}
          />
          <label class="open">
            <span>Open a picture</span>
            <input
              type="file"
              accept="image/*"
              disabled={isBusy}
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                currentTarget.value = "";
                if (file !== undefined) void open(file);
              }}
            />
            <small>
              A PNG from here is painted again by its recipe; of any other picture variations are painted. Drop or paste
              work too.
            </small>
          </label>
          <label class="open">
            <span>Open a model folder</span>
            <input
              type="file"
              {...{ webkitdirectory: true }} // Preact's types do not have it
              disabled={isBusy}
              onChange={({ currentTarget }) => {
                const files = [...(currentTarget.files ?? [])];
                currentTarget.value = "";
                if (files.length > 0) void openModel(files);
              }}
            />
            <small>A folder that diffusers saved, opened in place from your disk. Nothing is uploaded.</small>
          </label>
          <p class="status" role="status">
            {download !== undefined
              ? `fetching the model: ${megabytes(download.loaded)} of ${megabytes(download.total)} MB`
              : (jobs.find(({ state }) => state === "running")?.says ?? modelWords(model))}
          </p>
          {(problem ?? notice) !== undefined && (
            <p class="problem" role="alert">
              {problem ?? notice}
            </p>
          )}
        </section>
        <section class="results" aria-label="Pictures">
          <h2>Pictures</h2>
          {jobs.length === 0 ? (
            <p class="hint">
              What you paint appears here, and forms while you watch. The model knows one small world: cubes, spheres,
              cylinders, cones and rings, in eight colours, alone or in pairs.
            </p>
          ) : (
            <ol>
              {jobs.map((job) => (
                <li key={job.id}>
                  <JobCard
                    job={job}
                    isBusy={isBusy}
                    onAgain={(recipe) => void again(recipe)}
                    onVary={(picture, title) => void vary(picture, title)}
                    onRemove={painter.remove}
                  />
                </li>
              ))}
            </ol>
          )}
        </section>
      </main>
    </div>
  );
}

/** The recipe of a PNG; undefined for a PNG from elsewhere. */
function recipeIn(bytes: Uint8Array, name: string): Recipe | undefined {
  try {
    return recipeOfPng(bytes, name);
  } catch {
    return undefined;
  }
}

function modelWords(model: WorkerModel | undefined): string {
  if (model === undefined) return "opening the model";
  return `${model.model} is ready, on ${model.device === "wasm" ? "the processor" : model.device}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
