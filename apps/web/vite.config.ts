import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";

/** Files that the service worker keeps when they are first asked for: they are large, and not all are needed. */
const LARGE = /\.(wasm|safetensors)$/;

/** Tells the service worker which files there are. */
function fileList(): Plugin {
  return {
    name: "file-list",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const worker = bundle["service-worker.js"];
        if (worker?.type !== "chunk") throw new Error("the service worker is missing among the built files");
        const names = [...Object.keys(bundle), "icon.svg"].filter((name) => name !== "service-worker.js");
        const version = createHash("sha256").update(names.sort().join("\n")).digest("hex").slice(0, 12);
        const files = names.filter((name) => !LARGE.test(name));
        worker.code = worker.code
          .replace("__FILES__", JSON.stringify(files).replaceAll('"', '\\"'))
          .replace("__VERSION__", version);
      },
    },
  };
}

/** The page runs from any folder of a server, so that all of its addresses are relative. */
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [fileList()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: "index.html", "service-worker": "src/start/service-worker.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  preview: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
});
