import { useEffect, useState } from "preact/hooks";
import { readPicture, type DiskFile, type Picture, type Recipe } from "unclip/worker";
import { ExplorePage } from "./explore/explore-page.js";
import { GeneratePage } from "./generate/generate-page.js";
import { canUse, priorWords } from "./generate/priors.js";
import { FIRST_SETTINGS, PRIORS, requestOf, settingsOf, type Settings } from "./generate/settings.js";
import { InsidePage } from "./inside/inside-page.js";
import { ModelPanel } from "./model/model-panel.js";
import { PAGES, usePage } from "./pages.js";
import type { Place } from "./painter/job.js";
import { usePainter, type Opening } from "./painter/use-painter.js";
import { recipeOfLink, recipeOfPng } from "./parts/recipe-text.js";
import { useFiles } from "./parts/use-files.js";
import { square } from "./shelf/square.js";
import { useShelf } from "./shelf/use-shelf.js";

/** The page of an operation whose recipe is painted again. */
const PLACES: Readonly<Record<string, Place>> = {
  vary: "vary",
  interpolate: "mix",
  mix: "mix",
  edit: "edit",
  components: "components",
};

/** The page. */
export function App({ device }: Pick<Opening, "device">) {
  const [settings, setSettings] = useState<Settings>(FIRST_SETTINGS);
  const [problem, setProblem] = useState<string>();
  const [modelProblem, setModelProblem] = useState<string>();
  const [page, goTo] = usePage();
  const painter = usePainter({ device });
  const shelf = useShelf();

  const paint = (given: Settings) =>
    painter.paint({
      title: given.caption,
      place: "generate",
      parts: [{ begin: (unclip, signal) => unclip.generate(given.caption, { ...requestOf(given), signal }) }],
    });
  const again = (recipe: Recipe, place: Place = "generate") => {
    const known = settingsOf(recipe);
    if (known !== undefined) setSettings(known);
    const title = known?.caption ?? `${recipe.operation}, from its recipe`;
    return painter.paint({ title, place, parts: [{ begin: (unclip, signal) => unclip.again(recipe, { signal }) }] });
  };
  const vary = (picture: Picture, title: string, place: Place = "generate") => {
    const { seed, upsamplers, preset } = settings;
    const request = { seed, n: 2, upsamplers, ...(preset !== "exact" && { preset }) };
    return painter.paint({
      title: `variations of ${title}`,
      place,
      parts: [{ begin: (unclip, signal) => unclip.vary(picture, { ...request, signal }) }],
    });
  };
  const compare = () =>
    painter.paint({
      title: `${settings.caption}, by each prior`,
      place: "generate",
      parts: PRIORS.filter((kind) => canUse(kind, painter.model)).map((prior) => ({
        begin: (unclip, signal) =>
          unclip.generate(settings.caption, { ...requestOf({ ...settings, prior, n: 1 }), signal }),
        labels: [priorWords(prior)],
      })),
    });
  const explore = (picture: Picture, name: string) => {
    shelf.add({ name, picture: square(picture) });
    goTo("explore");
  };

  /** Runs `work`; what goes wrong is said on the page. */
  const saying = async (say: (sentence: string | undefined) => void, work: () => Promise<unknown>) => {
    say(undefined);
    try {
      await work();
    } catch (error) {
      say((error as Error).message);
    }
  };
  const openFile = (file: File) =>
    void saying(setProblem, async () => {
      const isPng = file.type === "image/png" || file.name.endsWith(".png");
      const recipe =
        isPng && page !== "explore" ? recipeIn(new Uint8Array(await file.arrayBuffer()), file.name) : undefined;
      if (recipe === undefined) return explore(await readPicture(file), file.name.replace(/\.\w+$/, ""));
      goTo("generate");
      return again(recipe);
    });
  const openModel = (opening: Opening) =>
    saying(setModelProblem, async () => {
      const { stages } = await painter.open(opening);
      setSettings((last) => ({ ...last, upsamplers: Math.min(last.upsamplers, stages.upsamplers) }));
    });

  const openFolder = (files: Promise<DiskFile[]>) =>
    void saying(setModelProblem, async () => {
      if (painter.isBusy) throw new Error("The model is at work. Stop it, and then drop the folder again.");
      await openModel({ device: painter.opening.device, files: await files });
    });

  const isOver = useFiles({ onFile: openFile, onFolder: openFolder });
  useEffect(() => {
    const follow = () =>
      void saying(setProblem, async () => {
        const recipe = await recipeOfLink(location.href);
        if (recipe !== undefined) await again(recipe);
      });
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);

  const actions = { onExplore: explore, onRemove: painter.remove };
  return (
    <div class={`page${isOver ? " over" : ""}`}>
      <header class="top">
        <a class="brand" href="#generate" aria-label="unclip, to the first page">
          <img src="./icon.svg" alt="" width="40" height="40" />
          <span>unclip</span>
        </a>
        <nav aria-label="Pages">
          {PAGES.map(({ id, name }) => (
            <a key={id} href={`#${id}`} aria-current={id === page ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <ModelPanel painter={painter} problem={modelProblem} onOpen={(opening) => void openModel(opening)} />
      </header>
      <main>
        <div class="title">
          <h1>{PAGES.find(({ id }) => id === page)!.says}</h1>
          <p>unCLIP, the model behind “DALL·E 2”, here in your browser. Nothing is sent anywhere.</p>
        </div>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div hidden={page !== "generate"}>
          <GeneratePage
            painter={painter}
            settings={settings}
            onChange={setSettings}
            onPaint={() => void paint(settings)}
            onCompare={() => void compare()}
            onFile={openFile}
            onAgain={(recipe) => void again(recipe)}
            onVary={(picture, title) => void vary(picture, title)}
            {...actions}
          />
        </div>
        <div hidden={page !== "explore"}>
          <ExplorePage
            painter={painter}
            shelf={shelf}
            onFile={openFile}
            onAgain={(recipe) => void again(recipe, PLACES[recipe.operation] ?? "inpaint")}
            onVary={(picture, title) => void vary(picture, title, "vary")}
            {...actions}
          />
        </div>
        <div hidden={page !== "inside"}>
          <InsidePage painter={painter} />
        </div>
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
