import { describe, expect, it } from "vitest";
import type { Arithmetic } from "../src/arithmetic.js";
import { chooseDevice, type Device, type PlatformDevices } from "../src/devices.js";

/** A platform whose devices fail with the given messages, and what it was asked to try.
 * @param halves whether they compute in float16 */
function platform(
  failures: Partial<Record<Device, unknown>>,
  preferred: readonly Device[] = ["webgpu", "cuda"],
  halves = true,
) {
  const tried: [Device, boolean, Arithmetic][] = [];
  const devices: PlatformDevices = {
    platform: "Tests",
    base: "cpu",
    preferred,
    others: async () => ["cpu", "webgpu", "cuda", "abacus" as Device],
    try: async (device, wanted, arithmetic) => {
      tried.push([device, wanted, arithmetic]);
      if (device in failures) throw failures[device];
      if (arithmetic === "float16" && !halves) throw new Error("a.cc:7 Run Program Conv requires f16.");
    },
  };
  return { devices, tried };
}

describe("chooseDevice", () => {
  it("takes the base without a try", async () => {
    const { devices, tried } = platform({});
    expect(await chooseDevice("cpu", devices)).toEqual({ device: "cpu", passedOver: [] });
    expect(tried).toEqual([]);
  });

  it("auto takes the best that works, and says why it passed over others", async () => {
    const none = platform({});
    expect(await chooseDevice("auto", none.devices)).toEqual({ device: "webgpu", passedOver: [] });
    expect(none.tried).toEqual([["webgpu", false, "float32"]]);
    const first = platform({ webgpu: new Error("no adapter") });
    expect(await chooseDevice("auto", first.devices)).toEqual({
      device: "cuda",
      passedOver: [{ device: "webgpu", reason: "no adapter" }],
    });
    const both = platform({ webgpu: new Error("no adapter"), cuda: "no driver" });
    expect(await chooseDevice("auto", both.devices)).toEqual({
      device: "cpu",
      passedOver: [
        { device: "webgpu", reason: "no adapter" },
        { device: "cuda", reason: "no driver" },
      ],
    });
  });

  it("takes a device that is named, if it works", async () => {
    const { devices, tried } = platform({});
    expect(await chooseDevice("cuda", devices)).toEqual({ device: "cuda", passedOver: [] });
    expect(tried).toEqual([["cuda", true, "float32"]]);
  });

  it.each([
    ["no driver", "no driver"],
    ["/onnx/src/a.cc:12 Init() status.IsOK() was false. no driver\nat line 3", "no driver"],
    ["  no driver\nsecond line", "no driver"],
  ])("refuses a named device that does not work, and gives the reason: %j", async (message, reason) => {
    await expect(chooseDevice("cuda", platform({ cuda: new Error(message) }).devices)).rejects.toMatchObject({
      code: "session",
      message: `device: "cuda" does not work here: ${reason}; use "auto" or "cpu"`,
    });
  });

  it("asks for the arithmetic, and says so where a device works without it", async () => {
    const { devices, tried } = platform({});
    expect(await chooseDevice("cuda", devices, "float16")).toEqual({ device: "cuda", passedOver: [] });
    expect(tried).toEqual([["cuda", true, "float16"]]);
    const none = platform({}, ["webgpu"], false);
    await expect(chooseDevice("cuda", none.devices, "float16")).rejects.toMatchObject({
      code: "session",
      message:
        'device: "cuda" works here in float32 alone, not in float16: Program Conv requires f16; give "float32" for arithmetic',
    });
    expect(none.tried).toEqual([
      ["cuda", true, "float16"],
      ["cuda", true, "float32"],
    ]);
    const passedOver = [{ device: "webgpu", reason: "Program Conv requires f16" }];
    expect(await chooseDevice("auto", none.devices, "float16")).toEqual({ device: "cpu", passedOver });
    await expect(chooseDevice("cuda", platform({ cuda: "no driver" }).devices, "float16")).rejects.toMatchObject({
      message: 'device: "cuda" does not work here: no driver; use "auto" or "cpu"',
    });
  });

  it.each(["dml", "abacus"])("refuses %s, and lists those that it knows once each", async (wanted) => {
    await expect(chooseDevice(wanted as Device, platform({}).devices)).rejects.toMatchObject({
      code: "input",
      message: `device: expected one of "auto", "cpu", "webgpu", "cuda" in Tests, got "${wanted}"`,
    });
  });
});
