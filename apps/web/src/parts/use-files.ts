import { useEffect, useRef, useState } from "preact/hooks";
import type { DiskFile } from "unclip/worker";
import { droppedFolder } from "../model/folder-files.js";

/** What is done with what a visitor brings. */
export interface Takers {
  onFile(file: File): void;
  onFolder(files: Promise<DiskFile[]>): void;
}

/** Takes files and folders that are dropped onto the page, and files that are pasted.
 * @returns whether something is held over the page */
export function useFiles(takers: Takers): boolean {
  const [isOver, setIsOver] = useState(false);
  const newest = useRef(takers);
  newest.current = takers;
  useEffect(() => {
    const take = (data: DataTransfer | null) => {
      if (data === null) return;
      const folder = droppedFolder(data);
      const [file] = data.files;
      if (folder !== undefined) newest.current.onFolder(folder);
      else if (file !== undefined) newest.current.onFile(file);
    };
    const listeners = {
      dragover(event: DragEvent) {
        event.preventDefault();
        setIsOver(true);
      },
      dragleave: () => setIsOver(false),
      drop(event: DragEvent) {
        event.preventDefault();
        setIsOver(false);
        take(event.dataTransfer);
      },
      paste: (event: ClipboardEvent) => take(event.clipboardData),
    };
    const controller = new AbortController();
    for (const [name, listener] of Object.entries(listeners)) {
      addEventListener(name, listener as EventListener, { signal: controller.signal });
    }
    return () => controller.abort();
  }, []);
  return isOver;
}
