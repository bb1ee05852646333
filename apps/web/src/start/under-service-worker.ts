/** How long the page waits for its service worker, in milliseconds; it works without one too. */
const PATIENCE_MS = 4000;

/** Set while the page is loaded once more to become isolated, so that it does not try again and again. */
const MARK = "unclip-reloaded";

/** Starts the service worker, which keeps the page for offline use and brings cross-origin isolation where the server sends no headers for it.
 * @returns false if the page is about to be loaded once more, now isolated */
export async function underServiceWorker(script: string): Promise<boolean> {
  const { serviceWorker } = navigator;
  if (!globalThis.isSecureContext || serviceWorker === undefined) return true;
  try {
    await within(PATIENCE_MS, async () => {
      await serviceWorker.register(script);
      if (serviceWorker.controller !== null) return;
      await new Promise((done) => serviceWorker.addEventListener("controllerchange", done, { once: true }));
    });
  } catch {
    return true; // a private window, a browser that forbids it, or a slow network
  }
  if (globalThis.crossOriginIsolated) sessionStorage.removeItem(MARK);
  if (globalThis.crossOriginIsolated || sessionStorage.getItem(MARK) !== null) return true;
  sessionStorage.setItem(MARK, "yes");
  location.reload();
  return false;
}

function within(ms: number, work: () => Promise<unknown>): Promise<unknown> {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error("too late")), ms));
  return Promise.race([work(), late]);
}
