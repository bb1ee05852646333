import { readTensors } from "../../../../test-support/tensors.js";
import { cases, type Platform } from "./suite.js";

/* The suite's browser side: runs one case and reports how it went. */

const platform: Platform = {
  device: new URLSearchParams(location.search).get("device") as Platform["device"],
  folder: (path) => `/fixtures/${path}`,
  tensors: async (path) => readTensors(new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer())),
};

declare global {
  interface Window {
    runCase(name: string): Promise<void>;
  }
}

window.runCase = (name) => cases[name]!(platform);
