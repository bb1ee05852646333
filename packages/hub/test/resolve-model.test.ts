import { resolveModel } from "@unclip/hub/web";
import { describe, expect, it } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { answers, errorOf, setUp } from "./setup.js";

const DEAD = "http://127.0.0.1:9"; // the port of a service that nobody runs

describe("resolveModel", () => {
  it("finds the commit and the address of its files", async () => {
    const { hub, files, commit } = await setUp();
    const url = `${hub.endpoint}/${MODEL}/resolve/${commit}`;
    expect(await resolveModel(MODEL, { endpoint: `${hub.endpoint}//` })).toEqual({
      id: MODEL,
      revision: "main",
      commit,
      url,
    });
    const other = hub.push({ ...files, "model_index.json": "{}" }, "refs/pr/1");
    expect(await resolveModel(`${MODEL}@refs/pr/1`, { endpoint: hub.endpoint })).toMatchObject({
      revision: "refs/pr/1",
      commit: other,
    });
  });

  it("asks the public hub by default", async () => {
    const asked: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      asked.push(String(url));
      return Response.json({ sha: "a".repeat(40) });
    };
    const { url } = await resolveModel(MODEL, { fetch, offline: false });
    expect(asked).toEqual([`https://huggingface.co/api/models/${MODEL}/revision/main`]);
    expect(url).toBe(`https://huggingface.co/${MODEL}/resolve/${"a".repeat(40)}`);
  });

  it("refuses what browsers do not have", async () => {
    for (const option of [{ token: "hf_x" }, { cacheDir: "/x" }, { offline: true }]) {
      expect(await errorOf(resolveModel(MODEL, option))).toEqual({
        code: "input",
        message: `${Object.keys(option)[0]}: not available in browsers; leave it out`,
      });
    }
  });

  it("says what is wrong in one sentence", async () => {
    const { hub } = await setUp();
    const { endpoint } = hub;
    const address = (id: string) => `${endpoint}/api/models/${id}/revision/main`;
    expect(await errorOf(resolveModel("maker/other", { endpoint }))).toEqual({
      code: "download",
      message: `maker/other: ${address("maker/other")} answered 404; check the spelling of model and revision; a private model cannot be opened in a browser`,
    });
    expect(await errorOf(resolveModel(MODEL, { endpoint: DEAD }))).toEqual({
      code: "download",
      message: `${MODEL}: ${DEAD}/api/models/${MODEL}/revision/main cannot be reached; check the address and the connection`,
    });
    expect((await errorOf(resolveModel("nothing", { endpoint }))).code).toBe("input");
    expect((await errorOf(resolveModel(MODEL, { endpoint: "hub" }))).code).toBe("input");
  });

  it.each<[string, string]>([
    ["no JSON", "<html>"],
    ["null", "null"],
    ["another type", "[]"],
    ["no commit", '{ "sha": "main" }'],
    ["JSON nested 5,000 deep", "[".repeat(5000) + "]".repeat(5000)],
  ])("refuses a hub that answers with %s", async (_, text) => {
    const { hub } = await setUp();
    hub.fault = answers("revision", { text });
    expect((await errorOf(resolveModel(MODEL, { endpoint: hub.endpoint }))).message).toMatch(
      /\/revision\/main does not answer as a hub does; check the endpoint$/,
    );
  });

  it.each([
    ["silent", { silent: true }],
    ["never done", { status: 200, text: " ", endlessMs: 20 }],
  ])("gives up on a hub that is %s", async (_, fault) => {
    const { hub } = await setUp();
    hub.fault = () => fault;
    expect(await errorOf(resolveModel(MODEL, { endpoint: hub.endpoint, listingTimeoutMs: 200 }))).toEqual({
      code: "download",
      message: `${MODEL}: ${hub.endpoint} did not list the model's files within 0.2 s; check the connection and try again`,
    });
  });

  it("stops when its signal fires", async () => {
    const { hub } = await setUp();
    const aborted = { code: "aborted", message: `${MODEL}: stopped on request` };
    const { endpoint } = hub;
    expect(await errorOf(resolveModel(MODEL, { endpoint, signal: AbortSignal.abort() }))).toEqual(aborted);
    hub.fault = () => ({ status: 200, text: " ", endlessMs: 20 });
    expect(await errorOf(resolveModel(MODEL, { endpoint, signal: AbortSignal.timeout(100) }))).toEqual(aborted);
  });

  it("stops reading an answer without end", async () => {
    const { hub } = await setUp();
    hub.fault = answers("revision", { text: " ".repeat(2 ** 20), endlessMs: 0 });
    expect((await errorOf(resolveModel(MODEL, { endpoint: hub.endpoint }))).message).toMatch(
      /does not answer as a hub/,
    );
  });
});
