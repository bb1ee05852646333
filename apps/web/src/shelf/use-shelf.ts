import { useRef, useState } from "preact/hooks";
import type { Picture } from "unclip/worker";

/** Something to explore: a picture or a caption. */
export interface ShelfItem {
  readonly id: number;
  readonly name: string;
  /** Absent of a caption, whose name it is. */
  readonly picture?: Picture;
}

/** How many items can be mixed. */
const MOST_CHOSEN = 4;

/** What there is to explore, and what of it is chosen, in the order of choice. */
export interface Shelf {
  readonly items: readonly ShelfItem[];
  readonly chosen: readonly ShelfItem[];
  /** The picture that was chosen last. */
  readonly picture: ShelfItem | undefined;
  /** Adds an item and chooses it. */
  add(item: Omit<ShelfItem, "id">): void;
  /** Chooses an item, or puts it back. */
  toggle(id: number): void;
  remove(id: number): void;
}

export function useShelf(): Shelf {
  const [items, setItems] = useState<readonly ShelfItem[]>([]);
  const [ids, setIds] = useState<readonly number[]>([]);
  const last = useRef(0);
  const chosen = ids.flatMap((id) => items.find((item) => item.id === id) ?? []);
  const choose = (id: number) => setIds((all) => [...all.filter((one) => one !== id), id].slice(-MOST_CHOSEN));
  return {
    items,
    chosen,
    picture: chosen.findLast(({ picture }) => picture !== undefined),
    add(item) {
      const id = ++last.current;
      setItems((all) => [...all, { ...item, id }]);
      choose(id);
    },
    toggle: (id) => (ids.includes(id) ? setIds((all) => all.filter((one) => one !== id)) : choose(id)),
    remove(id) {
      setItems((all) => all.filter((item) => item.id !== id));
      setIds((all) => all.filter((one) => one !== id));
    },
  };
}
