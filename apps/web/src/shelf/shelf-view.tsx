import { useState } from "preact/hooks";
import { PictureView } from "../parts/picture-view.js";
import { PictureInput } from "../parts/picture-input.js";
import type { Shelf, ShelfItem } from "./use-shelf.js";

/** What there is to explore: pictures and captions to choose from, and ways to bring more. */
export function ShelfView(props: {
  readonly shelf: Shelf;
  readonly isBusy: boolean;
  readonly onFile: (file: File) => void;
  readonly onStarters: () => void;
}) {
  const { shelf, isBusy, onFile, onStarters } = props;
  return (
    <section class="shelf panel" aria-labelledby="shelf-title">
      <h2 id="shelf-title">Your material</h2>
      {shelf.items.length === 0 ? (
        <div class="blank">
          <p>Nothing is here yet. Bring a picture of your own, or let the model paint two to play with.</p>
          <button type="button" class="main" disabled={isBusy} onClick={onStarters}>
            Paint two to start with
          </button>
        </div>
      ) : (
        <>
          <ul class="items">
            {shelf.items.map((item) => (
              <li key={item.id}>
                <ShelfEntry item={item} shelf={shelf} />
              </li>
            ))}
          </ul>
          <p class="hint">Choose one to work on, or two to four to mix. The number is the order of choice.</p>
        </>
      )}
      <div class="row">
        <PictureInput label="Add a picture" onFile={onFile} />
        <PictureInput label="Use the camera" capture onFile={onFile} />
      </div>
      <CaptionInput onAdd={(name) => shelf.add({ name })} />
      <p class="hint">Dropping and pasting work too. Nothing is uploaded.</p>
    </section>
  );
}

function ShelfEntry({ item, shelf }: { readonly item: ShelfItem; readonly shelf: Shelf }) {
  const place = shelf.chosen.indexOf(item) + 1;
  return (
    <>
      <button
        type="button"
        class={item.picture === undefined ? "item words" : "item"}
        aria-pressed={place > 0}
        aria-label={item.picture === undefined ? `Caption: ${item.name}` : `Picture: ${item.name}`}
        title={item.name}
        onClick={() => shelf.toggle(item.id)}
      >
        {item.picture === undefined ? <span>{item.name}</span> : <PictureView picture={item.picture} label="" />}
        {place > 0 && <span class="place" data-place={place} aria-hidden="true" />}
      </button>
      <button type="button" class="away" aria-label={`Put away ${item.name}`} onClick={() => shelf.remove(item.id)}>
        ×
      </button>
    </>
  );
}

/** Captions can be mixed like pictures: the prior gives them an image embedding. */
function CaptionInput({ onAdd }: { readonly onAdd: (caption: string) => void }) {
  const [caption, setCaption] = useState("");
  return (
    <form
      class="row add-caption"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(caption.trim());
        setCaption("");
      }}
    >
      <label class="field">
        <span>A caption to mix with</span>
        <input
          required
          pattern=".*\S.*"
          maxLength={400}
          placeholder="a green ring"
          value={caption}
          onInput={({ currentTarget }) => setCaption(currentTarget.value)}
        />
      </label>
      <button type="submit">Add</button>
    </form>
  );
}
