import { UnclipError } from "@unclip/tensor";
import type { Arithmetic } from "./arithmetic.js";

/** Devices by the names that transformers.js gives them. */
const DEVICES = ["cpu", "wasm", "webgpu", "cuda", "dml", "coreml"] as const;

/** Where networks run. */
export type Device = (typeof DEVICES)[number];

/** A device that "auto" tried in vain, and why. */
export interface PassedOver {
  readonly device: Device;
  readonly reason: string;
}

/** The devices of a platform. */
export interface PlatformDevices {
  /** What messages call it: "Node" or "browsers". */
  readonly platform: string;
  /** The device that is always there. */
  readonly base: Device;
  /** Further devices that its ONNX Runtime knows. */
  others(): Promise<readonly Device[]>;
  /** Those of them that "auto" tries, the best first. */
  readonly preferred: readonly Device[];
  /** Runs a small network.
   * @param wanted whether the device was asked for by name
   * @throws Error with the reason if the device does not work here, or not in that arithmetic */
  try(device: Device, wanted: boolean, arithmetic: Arithmetic): Promise<void>;
}

/** The device to use.
 * @param wanted a device, or "auto" for the best that works
 * @throws UnclipError "input" for a device that the platform does not have, "session" for one that does not work on this machine */
export async function chooseDevice(
  wanted: Device | "auto",
  devices: PlatformDevices,
  arithmetic: Arithmetic = "float32",
): Promise<{ device: Device; passedOver: PassedOver[] }> {
  const { base, platform, preferred } = devices;
  const passedOver: PassedOver[] = [];
  if (wanted === base) return { device: base, passedOver };
  if (wanted === "auto") {
    for (const device of preferred) {
      const reason = await reasonAgainst(device, false);
      if (reason === undefined) return { device, passedOver };
      passedOver.push({ device, reason });
    }
    return { device: base, passedOver };
  }
  const others = await devices.others();
  const known = ["auto", base, ...others.filter((name) => name !== base && DEVICES.includes(name))];
  if (!known.includes(wanted)) {
    const names = known.map((name) => `"${name}"`).join(", ");
    throw new UnclipError("input", `device: expected one of ${names} in ${platform}, got ${JSON.stringify(wanted)}`);
  }
  const reason = await reasonAgainst(wanted, true);
  if (reason === undefined) return { device: wanted, passedOver };
  if (arithmetic !== "float32" && (await reasonAgainst(wanted, true, "float32")) === undefined) {
    const failure = `device: "${wanted}" works here in float32 alone, not in ${arithmetic}: ${reason}`;
    throw new UnclipError("session", `${failure}; give "float32" for arithmetic`);
  }
  throw new UnclipError("session", `device: "${wanted}" does not work here: ${reason}; use "auto" or "${base}"`);

  async function reasonAgainst(device: Device, named: boolean, way = arithmetic): Promise<string | undefined> {
    try {
      await devices.try(device, named, way);
      return undefined;
    } catch (error) {
      return asReason(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The last thing ONNX Runtime says, without the places in its sources that it puts in front. */
function asReason(message: string): string {
  const [, reason] = /was false\. (.*)/s.exec(message) ?? [];
  const [line] = (reason ?? message).trim().split("\n") as [string];
  return line.replace(/^\S+\.cc:\d+ \S+ /, "").replace(/\.$/, "");
}
