import { fetchSnapshot, isHubModelId, type HubRepository } from "@unclip/hub/node";
import { describe, expect, it } from "vitest";
import { gitSha1, MODEL, type Fault } from "../../../test-support/hub-server.js";
import { answers, errorOf, everything, setUp } from "./setup.js";

/** A name that clears a terminal, renames its window and goes on in another line. */
const NASTY = "\x1b[2J\x1b]0;x\x07\r\n\x9b31m\u202e\u2028";

/** Fails unless a message is one line that a terminal shows as it is. */
function expectPlain(message: string): void {
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(message.length).toBeLessThan(700);
}

const long = `folder/${"x".repeat(5000)}`;

describe.each([
  ["control characters", `${NASTY}.json`],
  ["a name of many characters", `${long}.json`],
])("%s in a file's name", (_, name) => {
  const files = { [name]: Buffer.from("{}"), [`${name}.bin`]: Buffer.alloc(100_000, 7) };

  it.each<[string, Fault, RegExp]>([
    ["stays damaged", { corrupt: true }, /arrived damaged twice/],
    ["is too long", { tooLong: true }, /sends more than the \d+ bytes/],
    ["ends early", { endAfter: 0 }, /it ended after 0 of/],
    ["is not there", { status: 404 }, /is not there \(404\), although it is listed/],
    ["breaks off", { breakAfter: 0 }, /the connection broke/],
    [
      "is another one",
      { status: 302, headers: { location: "/", "x-linked-etag": `"${"\u009b31m".repeat(100)}"` } },
      /./,
    ],
  ])("stays out of the message if it %s", async (_, fault, sentence) => {
    const { hub, open } = await setUp({ files });
    hub.fault = ({ path }) => (path.includes("/resolve/") ? fault : undefined);
    const { code, message } = await errorOf(open({ files: () => [name], retries: 0 }));
    expect(code).toBe("download");
    expect(message).toMatch(sentence);
    expectPlain(message);
  });

  it("stays out of the message if it is not in the cache", async () => {
    const { hub, open } = await setUp({ files: { ...files, "config.json": Buffer.from("[]") } });
    await open({ files: () => ["config.json"] });
    const requests = hub.exchanges.length;
    for (const select of [
      () => [name, `${name}.bin`],
      async (repository: HubRepository) => [await repository.text(name)],
    ]) {
      const { code, message } = await errorOf(open({ offline: true, files: select }));
      expect([code, message.includes("is not in the cache")]).toEqual(["download", true]);
      expectPlain(message);
    }
    expect(hub.exchanges.length).toBe(requests);
  });

  it("stays out of the message if a selection asks for it", async () => {
    const { open } = await setUp();
    const { code, message } = await errorOf(open({ files: () => [name] }));
    expect([code, message.includes("there is no file")]).toEqual(["input", true]);
    expectPlain(message);
    const read = errorOf(open({ files: async (repository) => [await repository.text(name)] }));
    expectPlain((await read).message);
  });
});

describe("control characters", () => {
  it("in an id are refused", async () => {
    for (const id of [`maker/${NASTY}`, `${MODEL}@\x1b[2J`, `${MODEL}@a\x9bb`, `${MODEL}@x\x7f`, long]) {
      expect(isHubModelId(id)).toBe(false);
      const { code, message } = await errorOf(fetchSnapshot(id, { files: everything }));
      expect(code).toBe("input");
      expectPlain(message);
    }
    const revision = "\u202e".repeat(5000); // allowed in a name of git, harmless in an address
    const { open } = await setUp();
    expectPlain((await errorOf(open({ id: `${MODEL}@${revision}` }))).message);
  });

  it("in an endpoint, a selection or a cache folder are refused or left out", async () => {
    const { open, cacheDir } = await setUp();
    for (const options of [{ endpoint: NASTY }, { files: NASTY as never }, { files: () => NASTY as never }])
      expectPlain((await errorOf(open(options))).message);
    expectPlain((await errorOf(open({ cacheDir: `${cacheDir}/\x1b[2J`, offline: true }))).message);
  });

  it.each([404, 418, 500])("in the words behind a status %d are left out", async (status) => {
    const { open } = await setUp();
    const statusText = "\x9b31m".repeat(200);
    const fetch = async () => new Response(null, { status, statusText });
    expectPlain((await errorOf(open({ fetch, retries: 0 }))).message);
  });

  it.each<[string, unknown]>([
    ["an error", new Error(NASTY)],
    ["an error with a code", Object.assign(new Error("x"), { code: NASTY })],
    ["text", NASTY],
    ["nothing", undefined],
    ["null", null],
  ])("in what fetch throws are left out: %s", async (_, thrown) => {
    const { open } = await setUp();
    const { code, message } = await errorOf(open({ fetch: () => Promise.reject(thrown), retries: 0 }));
    expect(code).toBe("download");
    expect(message).toMatch(/cannot be reached \(.*\); check the connection/);
    expectPlain(message);
  });

  it("in an address that the hub gives are left out", async () => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text: "[]", headers: { link: `<ftp:\x9b31m>; rel="next"` } });
    const { message } = await errorOf(open());
    expect(message).toContain("which is not an address of the web");
    expectPlain(message);
  });
});

it("the cause of an error is followed, but not in a circle", async () => {
  const { open } = await setUp();
  const circle = new Error("round");
  circle.cause = circle;
  const chain = new Error("fetch failed", {
    cause: new Error("middle", { cause: Object.assign(new Error("x"), { code: "EPIPE" }) }),
  });
  const messageOf = async (error: Error) =>
    (await errorOf(open({ fetch: () => Promise.reject(error), retries: 0 }))).message;
  expect(await messageOf(circle)).toContain("cannot be reached (round)");
  expect(await messageOf(chain)).toContain("cannot be reached (EPIPE)");
});

it("the hash of a file that the hub changes its mind about is quoted in one line", async () => {
  const { hub, open, files } = await setUp();
  const headers = { location: `${hub.storage}/x`, "x-linked-etag": `W/"\u009b31m${"f".repeat(500)}"` };
  hub.fault = ({ on, path }) =>
    on === "storage" ? { status: 200 } : path.includes("/resolve/") ? { status: 302, headers } : undefined;
  const { message } = await errorOf(open({ files: () => ["model_index.json"] }));
  expect(message).toContain(`is listed with hash ${gitSha1(files["model_index.json"]!)}, but offered with `);
  expectPlain(message);
});
