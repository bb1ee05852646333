import { describe, expect, it } from "vitest";
import { MODEL, type Exchange, type Fault } from "../../../test-support/hub-server.js";
import { answers, errorOf, setUp } from "./setup.js";

const NO_HUB = /does not answer as a hub does; check HF_ENDPOINT, and whether a proxy or a login page answers instead$/;
const sha1 = "a".repeat(40);
const file = (parts: object = {}) => ({ type: "file", path: "config.json", size: 2, oid: sha1, ...parts });

describe("the list of a repository's files", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["an object", {}],
    ["text", "files"],
    ["[null]", [null]],
    ["[[]]", [[]]],
    ["[1]", [1]],
    ["[text]", ["config.json"]],
    ["an entry without a type", [{}]],
    ["a file without anything", [{ type: "file" }]],
    ["a good file and [null]", [file(), null]],
    ["a path that is no text", [file({ path: 1 })]],
    ["an empty path", [file({ path: "" })]],
    ["a path out of the folder", [file({ path: "../config.json" })]],
    ["a path with a detour", [file({ path: "a/./config.json" })]],
    ["a path from the root", [file({ path: "/etc/passwd" })]],
    ["a path with a backslash", [file({ path: "..\\config.json" })]],
    ["a path with NUL", [file({ path: "config\0.json" })]],
    ["a negative size", [file({ size: -1 })]],
    ["half a byte", [file({ size: 1.5 })]],
    ["a size as text", [file({ size: "2" })]],
    ["a size beyond counting", [file({ size: 1e300 })]],
    ["no size", [file({ size: null })]],
    ["a hash that is none", [file({ oid: "../../x" })]],
    ["a hash of another length", [file({ oid: "a".repeat(41) })]],
    ["a hash in a list", [file({ oid: ["a".repeat(40)] })]],
    ["a hash in capitals", [file({ oid: "A".repeat(40) })]],
    ["a large file whose hash is none", [file({ lfs: { oid: "x", size: 2 } })]],
    ["a large file whose size is none", [file({ lfs: { oid: "a".repeat(64), size: "many" } })]],
  ])("is refused if it is %s", async (_, json) => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text: JSON.stringify(json) });
    const { code, message } = await errorOf(open());
    expect([code, message.replace(NO_HUB, "")]).toEqual([
      "download",
      expect.stringMatching(
        /^maker\/karlo-tiny: http:\/\/127\.0\.0\.1:\d+\/api\/models\/maker\/karlo-tiny\/tree\/[0-9a-f]{40}\?recursive=true $/,
      ),
    ]);
    expect(message).toMatch(NO_HUB);
  });

  it.each<[string, string]>([
    ["no JSON", "<html>"],
    ["half of it", '[{"type":'],
    ["nothing", ""],
    ["nested 5,000 deep", "[".repeat(5000) + "]".repeat(5000)],
    ["nested 5,000 deep in an entry", `[{"path":${"[".repeat(5000)}${"]".repeat(5000)}}]`],
    ["objects nested 5,000 deep", `[${'{"lfs":'.repeat(5000)}1${"}".repeat(5000)}]`],
  ])("is refused if its text is %s", async (_, text) => {
    const { hub, open } = await setUp();
    hub.fault = answers("tree", { text });
    expect((await errorOf(open())).message).toMatch(NO_HUB);
  });

  it.each([
    '<?cursor=3>; rel="next"',
    '<?cursor=3>;rel="next"',
    '<?cursor=3> ;  rel="next"',
    '<?a>; rel="prev", <?cursor=3>; rel="next"',
  ])("goes on at the next page: %s", async (link) => {
    const { hub, open } = await setUp();
    let pages = 0;
    hub.fault = ({ path }) =>
      path.includes("/tree/") && pages++ === 0 ? { status: 200, text: "[]", headers: { link } } : undefined;
    await open({ files: ({ files }) => files.map(({ path }) => path) });
    expect(pages).toBe(2);
  });

  it("has one page if there is no other", async () => {
    const { hub, open } = await setUp();
    const entries = JSON.stringify([file({ size: 0 })]);
    for (const link of ['<?cursor=3>; rel="prev"', "", "nonsense"]) {
      hub.exchanges.length = 0;
      hub.fault = answers("tree", { text: entries, headers: { link } });
      expect((await errorOf(open({ files: () => ["x"] }))).message).toContain('there is no file "x"');
      expect(hub.exchanges.length).toBe(2);
    }
  });

  it("may have entries that say null or nothing of large files", async () => {
    const { hub, open, files } = await setUp();
    const { length } = files["model_index.json"]!;
    const entries = [{ type: "directory" }, file({ lfs: null }), file({ path: "b", size: length, lfs: undefined })];
    hub.fault = answers("tree", { text: JSON.stringify(entries) });
    const seen: unknown[] = [];
    const select = ({ files: listed }: { files: readonly unknown[] }) => {
      seen.push(...listed);
      return ["nothing"];
    };
    await errorOf(open({ files: select }));
    expect(seen).toMatchObject([
      { path: "config.json", sizeBytes: 2 },
      { path: "b", sizeBytes: length },
    ]);
  });

  it.each([
    "null",
    "[]",
    "{}",
    '{ "sha": null }',
    '{ "sha": "main" }',
    '{ "sha": ["x"] }',
    `{ "sha": "${"a".repeat(41)}" }`,
    `{ "sha": ["${"a".repeat(40)}"] }`,
    `{ "sha": "${"A".repeat(40)}" }`,
  ])("is not asked for if the commit is %s", async (text) => {
    const { hub, open } = await setUp();
    hub.fault = answers("revision", { text });
    expect((await errorOf(open())).message).toMatch(NO_HUB);
    expect(hub.exchanges.length).toBe(1);
  });
});

describe("the time for the list", () => {
  const inTime = (hub: { endpoint: string }) => ({
    code: "download",
    message: `${MODEL}: ${hub.endpoint} did not list the model's files within 0.3 s; check the connection and try again`,
  });

  it.each<[string, (exchange: Exchange) => Fault | undefined]>([
    ["a commit that drips in", answers("revision", { text: " ", endlessMs: 20 })],
    ["a page that drips in", answers("tree", { text: " ", endlessMs: 20 })],
    ["a silent hub", () => ({ silent: true })],
    ["a hub that is always busy", () => ({ status: 503, headers: { "retry-after": "50" } })],
  ])("ends for %s", async (_, fault) => {
    const { hub, open } = await setUp();
    hub.fault = fault;
    const start = performance.now();
    expect(await errorOf(open({ listingTimeoutMs: 300, idleTimeoutMs: 5000 }))).toEqual(inTime(hub));
    expect(performance.now() - start).toBeLessThan(4000);
  });

  it("ends for pages that come one by one", async () => {
    const { hub, open } = await setUp();
    const { endpoint } = hub;
    const slowly: typeof fetch = async (url, init) => {
      await new Promise((done) => setTimeout(done, 60));
      return fetch(url, init);
    };
    hub.fault = answers("tree", { text: "[]", headers: { link: '<?again>; rel="next"' } });
    expect(await errorOf(open({ listingTimeoutMs: 300, fetch: slowly }))).toEqual(inTime({ endpoint }));
  });

  it("does not count while files arrive", async () => {
    const { hub, open, commit } = await setUp();
    hub.fault = ({ on }) => (on === "storage" ? { slowMs: 200 } : undefined);
    expect((await open({ listingTimeoutMs: 1500 })).commit).toBe(commit);
  });

  it("is less than what a silent server gets in between", async () => {
    const { hub, open } = await setUp();
    hub.fault = () => ({ silent: true });
    expect((await errorOf(open({ idleTimeoutMs: 100, retries: 9 }))).message).toMatch(
      /cannot be reached \(no answer for 0\.1 s\); check the connection, or set HF_HUB_OFFLINE=1/,
    );
    expect(hub.exchanges.length).toBe(3); // lists are asked for three times at most
  });
});

describe("the address of the next page", () => {
  it.each(["file:///etc/passwd", "http://[", "data:text/plain,[]", "javascript:x"])(
    "is refused if it is %s",
    async (link) => {
      const { hub, open } = await setUp();
      hub.fault = answers("tree", { text: "[]", headers: { link: `<${link}>; rel="next"` } });
      expect(await errorOf(open())).toEqual({
        code: "download",
        message: `${MODEL}: ${new URL(hub.endpoint).host} sends us to "${link}", which is not an address of the web; check HF_ENDPOINT`,
      });
    },
  );

  it("is refused if a redirect leads nowhere", async () => {
    const { hub, open } = await setUp();
    hub.fault = () => ({ status: 302, headers: { location: "ftp://host/x" } });
    expect((await errorOf(open())).message).toContain('sends us to "ftp://host/x", which is not an address of the web');
    expect(hub.exchanges.length).toBe(1);
  });
});
