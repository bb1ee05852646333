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
