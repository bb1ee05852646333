import { fetchSnapshot, HUB_ENDPOINT, isHubModelId, parseHubModelId, type SnapshotOptions } from "@unclip/hub/node";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { MODEL } from "../../../test-support/hub-server.js";
import { CACHED, errorOf, everything, setUp } from "./setup.js";

const VARIABLES = [
  "HF_ENDPOINT",
  "HF_TOKEN",
  "HF_HUB_CACHE",
  "HUGGINGFACE_HUB_CACHE",
  "HF_HOME",
  "XDG_CACHE_HOME",
  "HF_HUB_OFFLINE",
];
beforeEach(async () => {
  for (const variable of VARIABLES) vi.stubEnv(variable, "");
  vi.stubEnv("HOME", await temporaryFolder()); // nobody's own cache is read or written
});
afterEach(() => void vi.unstubAllEnvs());

describe("the id of a model", () => {
  it.each<[string, string, string]>([
    ["maker/karlo", "maker/karlo", "main"],
    ["maker/karlo@v1.0", "maker/karlo", "v1.0"],
    ["maker/karlo@refs/pr/1", "maker/karlo", "refs/pr/1"],
    ["A-b_c.d/E-f_g.h@ä", "A-b_c.d/E-f_g.h", "ä"],
    ["-a/_b", "-a/_b", "main"],
    ["maker/a.github", "maker/a.github", "main"],
    [`${"a".repeat(96)}/${"b".repeat(96)}`, `${"a".repeat(96)}/${"b".repeat(96)}`, "main"],
  ])("%s has its parts", (source, id, revision) => {
    expect(parseHubModelId(source)).toEqual({ id, revision });
    expect(isHubModelId(source)).toBe(true);
  });

  it.each([
    "karlo",
    "./maker/karlo",
    ".maker/karlo",
    "maker/.karlo",
    "maker/karlo/prior",
    "/maker/karlo",
    "maker/..",
    "maker/a..b",
    "maker/a--b",
    "maker/karlo.git",
    "maker/karlo@",
    "maker/karlo@a@b",
    "maker/karlo@../x",
    "maker/karlo@a/./b",
    "maker/karlo@a//b",
    "maker/karlo@/a",
    "maker/karlo@a\\b",
    "maker/karlo@a b",
    "a b/c",
    "",
    `${"a".repeat(97)}/b`,
    `a/${"b".repeat(97)}`,
    "https://huggingface.co/maker/karlo",
  ])('is not "%s"', async (id) => {
    expect(isHubModelId(id)).toBe(false);
    const quoted = id.length > 90 ? `${id.slice(0, 97)}` : id;
    const error = await errorOf(fetchSnapshot(id, { files: everything }));
    expect(error.code).toBe("input");
    expect(error.message.startsWith(`"${quoted.slice(0, 90)}`)).toBe(true);
    expect(
      error.message.endsWith('" is not the name of a model on the hub; expected owner/name or owner/name@revision'),
    ).toBe(true);
  });

  it("is text", () => {
    for (const id of [undefined, null, 1, {}, ["maker/karlo"], Symbol("x")]) {
      expect(isHubModelId(id as never)).toBe(false);
      expect(() => parseHubModelId(id as never)).toThrow(/is not the name of a model on the hub/);
    }
  });
});

describe("settings from the environment", () => {
  it("are the endpoint and the token", async () => {
    const { hub, cacheDir, commit } = await setUp({ token: "hf_secret" });
    vi.stubEnv("HF_ENDPOINT", `${hub.endpoint}/`);
    vi.stubEnv("HF_TOKEN", " hf_secret\n");
    expect((await fetchSnapshot(MODEL, { files: everything, cacheDir })).commit).toBe(commit);
    const other = await setUp({ token: "hf_other" });
    const { endpoint } = other.hub;
    expect((await other.open({ endpoint, token: "hf_other" })).commit).toBe(other.commit); // options go first
  });

  it("are the places of the cache, one before the other", async () => {
    const { hub, cacheDir, commit } = await setUp();
    const root = dirname(cacheDir);
    const places: [string, string, string][] = [
      ["XDG_CACHE_HOME", join(root, "xdg"), join(root, "xdg/huggingface/hub")],
      ["HF_HOME", join(root, "home"), join(root, "home/hub")],
      ["HUGGINGFACE_HUB_CACHE", join(root, "old"), join(root, "old")],
      ["HF_HUB_CACHE", join(root, "new"), join(root, "new")],
    ];
    for (const [variable, value, expected] of places) {
      vi.stubEnv(variable, value);
      const { directory } = await fetchSnapshot(MODEL, { files: everything, endpoint: hub.endpoint });
      expect(directory).toBe(join(expected, CACHED, "snapshots", commit));
    }
    const { directory } = await fetchSnapshot(MODEL, { files: everything, endpoint: hub.endpoint, cacheDir });
    expect(directory).toBe(join(cacheDir, CACHED, "snapshots", commit));
  });

  it("may be relative, or begin with the home folder", async () => {
    const place = async (options: Partial<SnapshotOptions> = {}) =>
      (await errorOf(fetchSnapshot(MODEL, { files: everything, offline: true, ...options }))).message;
    expect(await place()).toContain(`the model is not in the cache (${join(homedir(), ".cache/huggingface/hub")}); `);
    expect(await place({ cacheDir: "~/x" })).toContain(`(${join(homedir(), "x")})`);
    expect(await place({ cacheDir: "~" })).toContain(`(${homedir()})`);
    expect(await place({ cacheDir: "a/~/b" })).toContain(`(${join(process.cwd(), "a/~/b")})`);
    expect(await place({ cacheDir: "~a" })).toContain(`(${join(process.cwd(), "~a")})`);
  });

  it.each(["1", "on", "YES", "True"])("make no request if HF_HUB_OFFLINE is %s", async (value) => {
    const { hub, open } = await setUp();
    vi.stubEnv("HF_HUB_OFFLINE", value);
    expect((await errorOf(open())).message).toContain("the model is not in the cache");
    expect(hub.exchanges).toEqual([]);
    expect((await open({ offline: false })).revision).toBe("main");
  });

  it.each(["0", "", "no", "11", "x1", "off"])('make requests if HF_HUB_OFFLINE is "%s"', async (value) => {
    const { open, commit } = await setUp();
    vi.stubEnv("HF_HUB_OFFLINE", value);
    expect((await open()).commit).toBe(commit);
  });
});

describe("an endpoint", () => {
  it.each(["huggingface.co", "ftp://host", "file:///hub", "http://", "", "//host"])('is not "%s"', async (endpoint) => {
    const { open } = await setUp();
    expect(await errorOf(open({ endpoint }))).toEqual({
      code: "input",
      message: `endpoint: expected the address of a hub such as ${HUB_ENDPOINT}, got "${endpoint}"`,
    });
  });

  it.each(["https://me:secret@host", "https://me@host", "https://host/?x=1", "https://host/#x"])(
    "has no name, query or fragment, as %s has, and a secret in it stays out of the message",
    async (endpoint) => {
      const { open } = await setUp();
      expect(await errorOf(open({ endpoint }))).toEqual({
        code: "input",
        message: `endpoint: expected the address of a hub such as ${HUB_ENDPOINT}, got one with a user name, a query or a fragment`,
      });
    },
  );

  it("may have a path, and is the public hub by default", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      asked.push(String(url));
      return new Response(null, { status: 404 });
    };
    const { cacheDir } = await setUp();
    await errorOf(fetchSnapshot(MODEL, { files: everything, cacheDir, fetch, endpoint: "https://host/hub//" }));
    await errorOf(fetchSnapshot(MODEL, { files: everything, cacheDir, fetch }));
    expect(asked).toEqual([
      `https://host/hub/api/models/${MODEL}/revision/main`,
      `https://huggingface.co/api/models/${MODEL}/revision/main`,
    ]);
  });
});

describe("a token", () => {
  it.each(["hf_\nx", "hf x", "hf_\x1b", "hf_ä"])(
    "that no request can carry stays out of the message: %j",
    async (token) => {
      const { hub, open } = await setUp();
      expect(await errorOf(open({ token }))).toEqual({
        code: "input",
        message: `token: expected letters, digits and signs without spaces, got other characters; copy it again into HF_TOKEN`,
      });
      expect(hub.exchanges).toEqual([]);
    },
  );

  it("goes to the hub alone, and by no less secure way", async () => {
    const sent = new Map<string, string | undefined>();
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const url = String(input);
      sent.set(url, (init!.headers as Record<string, string>)["authorization"]);
      const next: Record<string, string> = {
        "https://hub.test/api/models/maker/karlo-tiny/revision/main": "http://hub.test/1",
        "http://hub.test/1": "https://other.test/2",
        "https://other.test/2": "https://hub.test:444/3",
        "https://hub.test:444/3": "https://hub.test/4",
      };
      const location = next[url];
      return location === undefined
        ? new Response(null, { status: 404 })
        : new Response(null, { status: 302, headers: { location } });
    };
    const upgrading: typeof globalThis.fetch = async (input, init) => {
      const { protocol } = new URL(String(input));
      sent.set(protocol, (init!.headers as Record<string, string>)["authorization"]);
      const headers = { location: "https://hub.test/" };
      return new Response(null, protocol === "http:" ? { status: 301, headers } : { status: 404 });
    };
    const { open } = await setUp();
    await errorOf(open({ token: "hf_x", endpoint: "https://hub.test", fetch }));
    expect([...sent.values()]).toEqual(["Bearer hf_x", undefined, undefined, undefined, "Bearer hf_x"]);
    sent.clear();
    await errorOf(open({ endpoint: "https://hub.test", fetch }));
    expect([...sent.values()]).toEqual(Array.from({ length: 5 }, () => undefined));
    sent.clear();
    await errorOf(open({ token: "hf_x", endpoint: "http://hub.test", fetch: upgrading }));
    expect([...sent.values()]).toEqual(["Bearer hf_x", "Bearer hf_x"]);
  });
});

describe("an option", () => {
  it.each<[string, unknown]>([
    ["retryWaitMs", 0],
    ["retryWaitMs", -1],
    ["idleTimeoutMs", NaN],
    ["idleTimeoutMs", 2 ** 31],
    ["listingTimeoutMs", Infinity],
    ["listingTimeoutMs", "soon"],
  ])("%s is not %s", async (option, value) => {
    const { open } = await setUp();
    expect(await errorOf(open({ [option]: value }))).toEqual({
      code: "input",
      message: `${option}: expected milliseconds between 0 and 2147483647, got "${String(value)}"`,
    });
  });

  it.each([-1, 1.5, NaN, "many", null])("retries is not %s", async (retries) => {
    const { open } = await setUp();
    expect(await errorOf(open({ retries: retries as never }))).toEqual({
      code: "input",
      message: `retries: expected a whole number from 0, got "${String(retries)}"`,
    });
  });

  it("may be as long as a timer can wait", async () => {
    const { open, commit } = await setUp();
    const most = 2 ** 31 - 1;
    const options = { retries: 0, retryWaitMs: 0.5, idleTimeoutMs: most, listingTimeoutMs: most };
    expect((await open(options)).commit).toBe(commit);
  });

  it("files is a function that returns paths", async () => {
    const { open } = await setUp();
    for (const files of [undefined, null, ["model_index.json"]]) {
      const { code, message } = await errorOf(fetchSnapshot(MODEL, { files: files as never }));
      expect([code, message]).toEqual([
        "input",
        expect.stringMatching(/^files: expected a function that chooses files, got ".*"$/),
      ]);
    }
    for (const selected of [undefined, null, "model_index.json", {}]) {
      expect(await errorOf(open({ files: () => selected as never }))).toEqual({
        code: "input",
        message: `${MODEL}: files: expected a function that returns a list of paths, got "${String(selected)}"`,
      });
    }
  });
});
