import { useState } from "preact/hooks";
import { encodePng, type Picture, type Recipe } from "unclip/worker";
import { PictureView } from "./picture-view.js";
import { linkOf, textsOf } from "./recipe-text.js";
import type { Job } from "./use-painter.js";

/** What can be done with a result. */
export interface JobActions {
  readonly onAgain: (recipe: Recipe) => void;
  readonly onVary: (picture: Picture, title: string) => void;
  readonly onRemove: (id: number) => void;
}

/** A run with its pictures: forming, finished, or what went wrong. */
export function JobCard({ job, isBusy, ...actions }: { readonly job: Job; readonly isBusy: boolean } & JobActions) {
  const { id, title, state, says, share, pictures, generation } = job;
  const labelOf = (index: number) => (pictures.length === 1 ? title : `${title}, picture ${index + 1}`);
  return (
    <article class={`job ${state}`} aria-label={title}>
      <header>
        <h3>{title}</h3>
        <p class="says" role={state === "failed" ? "alert" : undefined}>
          {says}
        </p>
      </header>
      {state === "running" && <progress value={share} max={1} aria-label={`Progress of this stage of ${title}`} />}
      <div class={`pictures of-${Math.min(pictures.length, 4)}`}>
        {pictures.map((picture, index) => (
          <figure key={index}>
            <PictureView picture={picture} label={labelOf(index)} />
            {generation && (
              <figcaption>
                <button
                  type="button"
                  aria-label={`Download ${labelOf(index)}`}
                  onClick={() => void download(picture, generation.recipe, index + 1)}
                >
                  Download
                </button>
                <button
                  type="button"
                  aria-label={`Vary ${labelOf(index)}`}
                  disabled={isBusy}
                  onClick={() => actions.onVary(picture, title)}
                >
                  Vary
                </button>
              </figcaption>
            )}
          </figure>
        ))}
        {pictures.length === 0 && state === "running" && <div class="empty" aria-hidden="true" />}
      </div>
      <footer>
        {generation && (
          <>
            <button
              type="button"
              aria-label={`Paint again ${title}`}
              disabled={isBusy}
              onClick={() => actions.onAgain(generation.recipe)}
            >
              Paint again
            </button>
            <CopyLink recipe={generation.recipe} title={title} />
            <details>
              <summary aria-label={`Recipe of ${title}`}>Recipe</summary>
              <pre tabIndex={0} aria-label={`Recipe of ${title} as JSON`}>
                {JSON.stringify(generation.recipe, shorten, 2)}
              </pre>
            </details>
          </>
        )}
        {state !== "running" && (
          <button type="button" aria-label={`Remove ${title}`} onClick={() => actions.onRemove(id)}>
            Remove
          </button>
        )}
      </footer>
    </article>
  );
}

/** Copies the link of a recipe; where the browser does not allow that, shows it. */
function CopyLink({ recipe, title }: { readonly recipe: Recipe; readonly title: string }) {
  const [says, setSays] = useState("Copy link");
  const [shown, setShown] = useState<string>();
  const copy = async () => {
    const link = await linkOf(recipe, location.href);
    try {
      await navigator.clipboard.writeText(link);
      setSays("Copied");
    } catch {
      setShown(link);
    }
  };
  return shown === undefined ? (
    <button type="button" aria-label={`${says} of ${title}`} onClick={() => void copy()}>
      {says}
    </button>
  ) : (
    <input
      readOnly
      value={shown}
      aria-label={`Link of ${title}`}
      onFocus={({ currentTarget }) => currentTarget.select()}
    />
  );
}

/** Saves a picture as a PNG file with its recipe inside. */
async function download(picture: Picture, recipe: Recipe, index: number): Promise<void> {
  const bytes = await encodePng(picture, textsOf(recipe, index));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/png" }));
  link.download = `unclip-${String(recipe.seed ?? "")}-${index}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Embeddings and pixels in a recipe are long: their beginning will do. */
function shorten(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.length > 200 ? `${value.slice(0, 40)}… (${value.length} letters)` : value;
}
