import { render } from "preact";
import type { Device } from "unclip/worker";
import { App } from "./app.js";
import { underServiceWorker } from "./start/under-service-worker.js";
import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/jobs.css";
import "./styles/explore.css";
import "./styles/inside.css";

/** The device that the address asks for, as in "?device=wasm". */
const device = (new URLSearchParams(location.search).get("device") ?? "auto") as Device | "auto";

const isHere = !import.meta.env.PROD || (await underServiceWorker("./service-worker.js"));
if (isHere) render(<App device={device} />, document.getElementById("app")!);
