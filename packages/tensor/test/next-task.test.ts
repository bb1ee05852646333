import { nextTask } from "@unclip/tensor";
import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => void vi.unstubAllGlobals());

describe.each([
  ["setImmediate", [], [1, 0, 0]],
  ["MessageChannel", ["setImmediate"], [0, 1, 0]],
  ["setTimeout", ["setImmediate", "MessageChannel"], [0, 0, 1]],
] as const)("nextTask by %s", (_, absent, calls) => {
  const withoutThem = () => absent.forEach((name) => vi.stubGlobal(name, undefined));

  it("lets timers fire, in a loop that awaits nothing else", async () => {
    withoutThem();
    let fired = false;
    setTimeout(() => (fired = true), 5);
    const end = performance.now() + 5_000;
    while (!fired && performance.now() < end) await nextTask();
    expect(fired).toBe(true);
  });

  it("asks the first of them that the platform has, and no other", async () => {
    const spies = [vi.fn(setImmediate), vi.fn(MessageChannel), vi.fn(setTimeout)];
    ["setImmediate", "MessageChannel", "setTimeout"].forEach((name, i) => vi.stubGlobal(name, spies[i]));
    withoutThem();
    await nextTask();
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual(calls);
  });

  it("is a task: promises that are settled go first", async () => {
    withoutThem();
    const order: string[] = [];
    const task = nextTask().then(() => order.push("task"));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    order.push("promises");
    await task;
    expect(order).toEqual(["promises", "task"]);
  });
});

describe("nextTask by MessageChannel", () => {
  it("closes its ports, which would keep the process alive", async () => {
    const ports: MessagePort[] = [];
    vi.stubGlobal("setImmediate", undefined);
    vi.stubGlobal(
      "MessageChannel",
      class extends MessageChannel {
        constructor() {
          super();
          ports.push(this.port1, this.port2);
        }
      },
    );
    await nextTask();
    expect(ports.length).toBe(2);
    await Promise.all(ports.map((port) => new Promise((resolve) => port.addEventListener("close", resolve))));
  });
});
