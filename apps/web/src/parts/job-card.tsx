import { useState } from "preact/hooks";
import type { Picture, Recipe } from "unclip/worker";
import type { Job, Shown } from "../painter/job.js";
import { CopyLink } from "./copy-link.js";
import { download } from "./download.js";
import { Film } from "./film.js";
import { PictureView } from "./picture-view.js";

/** What can be done with a result. */
export interface JobActions {
  readonly onAgain: (recipe: Recipe) => void;
  readonly onVary: (picture: Picture, title: string) => void;
  /** Puts a picture among what there is to explore. */
  readonly onExplore: (picture: Picture, title: string) => void;
  readonly onRemove: (id: number) => void;
}

/** A job with its pictures: forming, finished, or what went wrong. */
export function JobCard({ job, isBusy, ...actions }: { readonly job: Job; readonly isBusy: boolean } & JobActions) {
  const { id, title, state, says, share, pictures, isFilm } = job;
  const [frame, setFrame] = useState<number>();
  const at = Math.min(frame ?? Infinity, pictures.length - 1);
  const labelOf = ({ label }: Shown, index: number) => {
    if (label !== undefined) return `${title}, ${label}`;
    return pictures.length === 1 ? title : `${title}, picture ${index + 1}`;
  };
  const recipes = [...new Set(pictures.flatMap(({ made }) => made?.recipe ?? []))];
  const isOver = state !== "running";
  const isMany = recipes.length > 1;
  const isRoll = isFilm && pictures.length > 1;
  const isSingle = pictures.length === 1 || (pictures.length === 0 && !isOver);
  return (
    <article class={`job ${state}${isSingle ? " single" : ""}`} aria-label={title}>
      <header>
        <h3>{title}</h3>
        {isOver && (
          <button type="button" class="quiet" aria-label={`Remove ${title}`} onClick={() => actions.onRemove(id)}>
            Remove
          </button>
        )}
        <p class="says" role={state === "failed" ? "alert" : undefined}>
          {says}
        </p>
      </header>
      {!isOver && <progress value={share} max={1} aria-label={`Progress of this stage of ${title}`} />}
      {isRoll ? (
        <>
          <Film title={title} pictures={pictures} at={at} onMove={setFrame} />
          <PictureActions
            shown={pictures[at]!}
            label={labelOf(pictures[at]!, at)}
            title={title}
            isBusy={isBusy}
            {...actions}
          />
        </>
      ) : (
        <div class={`pictures of-${Math.min(pictures.length, 4)}`}>
          {pictures.map((shown, index) => (
            <figure key={index}>
              <PictureView picture={shown.picture} label={labelOf(shown, index)} />
              {shown.label !== undefined && <figcaption class="label">{shown.label}</figcaption>}
              <PictureActions shown={shown} label={labelOf(shown, index)} title={title} isBusy={isBusy} {...actions} />
              {isMany && isOver && shown.made !== undefined && (
                <div class="actions">
                  <RecipeActions
                    recipe={shown.made.recipe}
                    title={labelOf(shown, index)}
                    isBusy={isBusy}
                    {...actions}
                  />
                </div>
              )}
            </figure>
          ))}
          {pictures.length === 0 && !isOver && <div class="empty" aria-hidden="true" />}
        </div>
      )}
      {recipes.length === 1 && isOver && (
        <footer>
          <RecipeActions recipe={recipes[0]!} title={title} isBusy={isBusy} {...actions} />
          <details>
            <summary aria-label={`Recipe of ${title}`}>Recipe</summary>
            <pre tabIndex={0} aria-label={`Recipe of ${title} as JSON`}>
              {JSON.stringify(recipes[0], shorten, 2)}
            </pre>
          </details>
        </footer>
      )}
    </article>
  );
}

function RecipeActions(
  props: { readonly recipe: Recipe; readonly title: string; readonly isBusy: boolean } & Pick<JobActions, "onAgain">,
) {
  const { recipe, title, isBusy, onAgain } = props;
  return (
    <>
      <button type="button" aria-label={`Paint again ${title}`} disabled={isBusy} onClick={() => onAgain(recipe)}>
        Paint again
      </button>
      <CopyLink recipe={recipe} title={title} />
    </>
  );
}

function PictureActions(
  props: { readonly shown: Shown; readonly label: string; readonly title: string; readonly isBusy: boolean } & Pick<
    JobActions,
    "onVary" | "onExplore"
  >,
) {
  const { shown, label, title, isBusy, onVary, onExplore } = props;
  const { picture, made } = shown;
  if (made === undefined) return null;
  return (
    <div class="actions">
      <button
        type="button"
        aria-label={`Download ${label}`}
        onClick={() => void download(picture, made.recipe, made.index)}
      >
        Download
      </button>
      <button type="button" aria-label={`Vary ${label}`} disabled={isBusy} onClick={() => onVary(picture, title)}>
        Vary
      </button>
      <button type="button" aria-label={`Explore ${label}`} onClick={() => onExplore(picture, label)}>
        Explore
      </button>
    </div>
  );
}

/** Embeddings and pixels in a recipe are long: their beginning will do. */
function shorten(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.length > 200 ? `${value.slice(0, 40)}… (${value.length} letters)` : value;
}
