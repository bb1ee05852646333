import { useEffect, useState } from "preact/hooks";

export const PAGES = [
  { id: "generate", name: "Generate", says: "A caption becomes a picture" },
  { id: "explore", name: "Explore", says: "Play with what CLIP sees" },
  { id: "inside", name: "Inside", says: "Watch the model at work" },
] as const;

export type PageId = (typeof PAGES)[number]["id"];

/** The page that the address names after "#"; Generate, where recipes are painted, for all else. */
export function usePage(): [PageId, (page: PageId) => void] {
  const [page, setPage] = useState(pageOf(location.hash));
  useEffect(() => {
    const follow = () => setPage(pageOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [page, (id) => void (location.hash = id)];
}

function pageOf(hash: string): PageId {
  return PAGES.find(({ id }) => hash === `#${id}`)?.id ?? "generate";
}
