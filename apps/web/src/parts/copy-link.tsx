import { useState } from "preact/hooks";
import type { Recipe } from "unclip/worker";
import { linkOf } from "./recipe-text.js";

/** Copies the link of a recipe; where the browser does not allow that, shows it. */
export function CopyLink({ recipe, title }: { readonly recipe: Recipe; readonly title: string }) {
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
