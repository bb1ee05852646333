import { expect, it } from "vitest";
import { createResidency } from "../src/residency.js";

it("networks that close are released when nobody observes them, too", async () => {
  const released: string[] = [];
  const residency = createResidency({ residentBytes: 8 });
  const network = (name: string) => ({
    name,
    weightBytes: 8,
    open: () =>
      Promise.resolve({ run: () => Promise.resolve({}), release: () => Promise.resolve(void released.push(name)) }),
  });
  await residency.acquire(network("one"));
  await residency.acquire(network("two"));
  expect(released).toEqual(["one"]);
  await residency.clear();
  expect(released).toEqual(["one", "two"]);
});

it("networks that run in turns do not close each other, but make room for others", async () => {
  const events: string[] = [];
  const residency = createResidency({
    residentBytes: 8,
    onEvent: ({ type, network }) => void events.push(`${type} ${network}`),
  });
  type Network = Parameters<typeof residency.acquire>[0];
  const network = (name: string, besides?: Network): Network => ({
    name,
    weightBytes: 8,
    ...(besides && { besides }),
    open: () => Promise.resolve({ run: () => Promise.resolve({}), release: () => Promise.resolve() }),
  });
  const whole = network("whole");
  const part = network("part", whole);
  const other = network("other");
  for (const one of [whole, part, whole, other, part, whole, part]) await residency.acquire(one);
  expect(events).toEqual(
    ["opened whole", "opened part", "closed part", "closed whole", "opened other"].concat([
      "closed other",
      "opened part",
      "opened whole",
    ]),
  );
});
