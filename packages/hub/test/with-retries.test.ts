import { describe, expect, it, vi } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { errorOf, faults, setUp, WEIGHTS } from "./setup.js";

/** The pauses that were asked for, in milliseconds. None is waited for. */
const pauses = vi.hoisted(() => [] as number[]);
vi.mock("node:timers/promises", async (load) => ({
  ...(await load<typeof import("node:timers/promises")>()),
  setTimeout: async (ms: number) => void pauses.push(ms),
}));

describe("the pauses between attempts", () => {
  it("double, up to half a minute", async () => {
    const { hub, open } = await setUp();
    pauses.length = 0;
    hub.fault = ({ on }) => (on === "storage" ? { status: 500 } : undefined);
    expect((await errorOf(open({ retries: 9, retryWaitMs: 500 }))).message).toBe(
      `${MODEL}: ${new URL(hub.storage).host} fails with 500 Internal Server Error; try again later`,
    );
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it("begin with half a second, and are five", async () => {
    const { hub, open } = await setUp();
    pauses.length = 0;
    hub.fault = ({ on }) => (on === "storage" ? { status: 408 } : undefined);
    await errorOf(open({ retryWaitMs: undefined }));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(hub.requestsFor(WEIGHTS).length).toBe(6);
  });

  it("begin anew when something has arrived, but not when it is less than before", async () => {
    const { hub, open } = await setUp();
    pauses.length = 0;
    hub.fault = faults({ status: 500 }, { endAfter: 40_000 }, { endAfter: 20_000 }, { status: 500 }, { status: 500 });
    await open({ retries: 3, retryWaitMs: 10 });
    expect(pauses).toEqual([10, 10, 10, 20, 40]);

    const again = await setUp();
    pauses.length = 0;
    const whole = { ignoreRange: true, endAfter: 20_000 };
    again.hub.fault = faults({ endAfter: 40_000 }, whole, whole, whole);
    await errorOf(again.open({ retries: 3, retryWaitMs: 10 }));
    expect(pauses).toEqual([10, 20, 40]);
  });

  it("are those that the server asks for", async () => {
    const { hub, open } = await setUp();
    pauses.length = 0;
    const wishes: Record<string, string>[] = [
      { "retry-after": "7" },
      { "retry-after": "60" },
      { "retry-after": "0" },
      { ratelimit: "r=0;t=3" },
    ];
    hub.fault = faults(...wishes.map((headers) => ({ status: 503, headers })));
    await open();
    expect(pauses).toEqual([7000, 60000, 0, 3000]);
  });

  it("are two at most for a list, however it fails", async () => {
    for (const status of [500, 503, 429, 408]) {
      const { hub, open } = await setUp();
      pauses.length = 0;
      hub.fault = () => ({ status });
      const { message } = await errorOf(open({ retryWaitMs: 5 }));
      expect(pauses).toEqual([5, 10]);
      if (status === 503) expect(message).toMatch(/fails with 503 Service Unavailable; try again later$/);
      if (status === 429) expect(message).toMatch(/for now \(429\); try again later, or set HF_TOKEN/);
    }
  });
});
