import { Tensor, type InferenceSession } from "onnxruntime-common";
import { describe, expect, it } from "vitest";
import { sessionOver } from "../src/ort-session.js";

/** A session whose output y lies on a graphics card, and z does not; it notes what is freed. */
function createSession() {
  const freed: string[] = [];
  const onCard = (name: string) =>
    Tensor.fromGpuBuffer({} as never, {
      dataType: "float32",
      dims: [2],
      download: () => Promise.resolve(Float32Array.of(1, 2)),
      dispose: () => void freed.push(name),
    });
  let runs = 0;
  const session = {
    run: () => Promise.resolve({ y: onCard(`y${(runs += 1)}`), z: new Tensor("float32", [3, 4], [2]) }),
    release: () => Promise.resolve(void freed.push("session")),
  };
  return { freed, session: sessionOver(session as unknown as InferenceSession) };
}

const released = () => new Promise((resolve) => setTimeout(resolve));

describe("a session", () => {
  it("is released with the last of its outputs on the graphics card", async () => {
    const { freed, session } = createSession();
    const [first, second] = [await session.run({}), await session.run({})];
    first["y"]!.dispose();
    await session.release();
    expect(freed).toEqual(["y1"]);
    expect([...(await second["y"]!.getData())]).toEqual([1, 2]);
    second["y"]!.dispose();
    await released();
    expect(freed).toEqual(["y1", "y2", "session"]);
  });

  it("is released at once where all are freed, also by reading", async () => {
    const { freed, session } = createSession();
    const { y, z } = await session.run({});
    expect([...(await y!.getData(true))]).toEqual([1, 2]);
    expect(z!.location).toBe("cpu");
    await session.release();
    expect(freed).toEqual(["y1", "session"]);
  });
});
