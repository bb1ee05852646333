import { chromium, type Browser } from "playwright-core";
import { existsSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

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

/** The environment in which other programs find WebGPU as Chromium computes it on the processor; undefined if it has not got it. */
export function softwareVulkan(executablePath: string): NodeJS.ProcessEnv | undefined {
  const folders = [dirname(realpathSync(executablePath)), "/usr/lib/chromium", "/usr/lib/chromium-browser"];
  const folder = folders.find((path) => existsSync(join(path, "vk_swiftshader_icd.json")));
  if (folder === undefined) return undefined;
  const driver = join(folder, "vk_swiftshader_icd.json");
  return { LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: tmpdir() };
}
