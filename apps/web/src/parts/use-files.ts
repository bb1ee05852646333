import { useEffect, useRef, useState } from "preact/hooks";

/** Takes files that are dropped onto the page or pasted.
 * @returns whether something is held over the page */
export function useFiles(onFile: (file: File) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const newest = useRef(onFile);
  newest.current = onFile;
  useEffect(() => {
    const take = (data: DataTransfer | null) => {
      const [file] = data?.files ?? [];
      if (file !== undefined) newest.current(file);
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
