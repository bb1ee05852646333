import { UnclipError } from "@unclip/tensor";
import type { Device, PassedOver } from "./devices.js";

/** What networks compute with. */
export type Arithmetic = "float32" | "float16";

/** Throws unless a device has an arithmetic.
 * @param device "auto" as long as none is chosen
 * @param passedOver what "auto" tried in vain
 * @throws UnclipError "input" for what is no arithmetic, or not one of that device; "session" if "auto" found no device that has it */
export function checkArithmetic(
  arithmetic: Arithmetic,
  device: Device | "auto",
  passedOver: readonly PassedOver[] = [],
): void {
  if (arithmetic === "float32") return;
  if (arithmetic !== "float16") {
    throw new UnclipError("input", `arithmetic: expected "float32" or "float16", got ${JSON.stringify(arithmetic)}`);
  }
  if (device !== "cpu" && device !== "wasm") return;
  const [first] = passedOver;
  if (first !== undefined) {
    const tried = `"${first.device}" was not taken: ${first.reason}`;
    throw new UnclipError("session", `arithmetic: "float16" needs a graphics card, and ${tried}; give "float32"`);
  }
  throw new UnclipError(
    "input",
    `arithmetic: "float16" is for the devices "webgpu", "cuda", "dml" and "coreml", got "${device}"; name one of these, or give "float32"`,
  );
}
