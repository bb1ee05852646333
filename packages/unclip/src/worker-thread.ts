import type { Port } from "./worker/protocol.js";
import { serveUnclip } from "./worker/serve.js";

/* The script of the Worker. Where ONNX Runtime is bundled into it, its own threads load this script too: they are named so. */
if (!(globalThis as { name?: string }).name?.startsWith("em-pthread")) serveUnclip(globalThis as unknown as Port);
