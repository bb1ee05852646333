import { describe, expect, it } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { answers, errorOf, setUp } from "./setup.js";

describe("the bounds of the list", () => {
  const tooLong = (hub: { endpoint: string }, bound: string) => ({
    code: "download",
    message: `${MODEL}: the list of its files at ${hub.endpoint} is longer than ${bound}; check whether it is a model, and HF_ENDPOINT`,
  });

  it("are 1000 pages", async () => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text: "[]", headers: { link: '<?again>; rel="next"' } });
    expect(await errorOf(open())).toEqual(tooLong(hub, "1000 pages"));
    expect(hub.exchanges.length).toBe(1001);
  });

  it.each([
    [100_000, 'there is no file "x"'],
    [100_001, "is longer than 100000 files"],
  ])("are 100,000 files, and here are %d", async (count, message) => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", {
      text: JSON.stringify(Array.from({ length: count }, (_, i) => ({ path: `${i}`, size: 2, oid: "a".repeat(40) }))),
    });
    expect((await errorOf(open({ files: () => ["x"] }))).message).toContain(message);
  });

  it("are 64 MiB for one page", async () => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text: " ".repeat(2 ** 20), endlessMs: 0 });
    expect(await errorOf(open())).toEqual(tooLong(hub, "64 MiB"));
    hub.fault = answers("revision", { text: " ".repeat(2 ** 20), endlessMs: 0 });
    expect(await errorOf(open())).toEqual(tooLong(hub, "64 MiB"));
  });

  it("are 64 MiB for all pages together", async () => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text: `[${" ".repeat(2 ** 24 - 2)}]`, headers: { link: '<?again>; rel="next"' } });
    expect(await errorOf(open())).toEqual(tooLong(hub, "64 MiB"));
    expect(hub.exchanges.length).toBe(6); // the commit, four pages of 16 MiB, and the one that is too much
  });
});
