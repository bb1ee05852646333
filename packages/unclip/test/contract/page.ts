import { readTensors } from "../../../../test-support/tensors.js";
import { cases, longCases, type Platform } from "./suite.js";

/* The suite's browser side: runs one case and reports how it went. */

const platform: Platform = {
  device: new URLSearchParams(location.search).get("device") as Platform["device"],
  folder: (path) => `/fixtures/${path}`,
  torchFolder: (path) => `/torch/${path}`,
  async picture(path) {
    const bitmap = await createImageBitmap(await (await fetch(`/fixtures/${path}`)).blob());
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, data: new Uint8Array(data.filter((_, i) => i % 4 !== 3)) };
  },
  tensors: async (path) => readTensors(new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer())),
};

declare global {
  interface Window {
    runCase(name: string): Promise<void>;
  }
}

window.runCase = (name) => ({ ...cases, ...longCases })[name]!(platform);
