import { isThread, runThread } from "@unclip/runtime/web";
import type { Port } from "./worker/protocol.js";
import { serveUnclip } from "./worker/serve.js";

/* The script of the Worker. Where ONNX Runtime is bundled into it, its own threads load this script too. */
if (isThread()) void runThread();
else serveUnclip(globalThis as unknown as Port);
