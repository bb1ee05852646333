import { chromium, type Browser } from "playwright-core";
import { existsSync } from "node:fs";

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** Path of a Chromium: CHROMIUM_PATH, or where systems put it; undefined if there is none. */
export function findChromium(): string | undefined {
  return [process.env["CHROMIUM_PATH"], ...CANDIDATES].find((path) => path !== undefined && existsSync(path));
}

/** WebGPU computed by the processor: slow, but there on every machine. */
const SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** A headless browser, with WebGPU if the device is that. */
export function launchChromium(executablePath: string, device: "wasm" | "webgpu" = "wasm"): Promise<Browser> {
  const quiet = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
  ];
  return chromium.launch({
    executablePath,
    headless: true,
    args: ["--no-sandbox", ...(device === "webgpu" ? SOFTWARE_WEBGPU : ["--disable-gpu"]), ...quiet],
  });
}
