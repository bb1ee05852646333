import { describe, expect, it } from "vitest";
import { MODEL, type Fault } from "../../../test-support/hub-server.js";
import { errorOf, setUp, WEIGHTS } from "./setup.js";

describe("fetchSnapshot, refusals", () => {
  it.each<[string, Fault, string | undefined, string]>([
    [
      "401",
      { status: 401 },
      undefined,
      "there is no such model at HUB (401); check the spelling, or set HF_TOKEN if the model is private",
    ],
    [
      "401 for a token",
      { status: 401 },
      "hf_old",
      "the hub refuses the token (401); make one that may read this model at HUB/settings/tokens and put it into HF_TOKEN",
    ],
    [
      "401 for a model that a token may not read",
      { status: 401, headers: { "x-error-code": "RepoNotFound" } },
      "hf_mine",
      "there is no such model at HUB (401); check the spelling, and whether the token in HF_TOKEN may read it",
    ],
    [
      "403",
      { status: 403, headers: { "x-error-code": "GatedRepo" } },
      "hf_mine",
      `access is restricted (403); ask for it at HUB/${MODEL} with the token's account`,
    ],
    [
      "401 of a gated model",
      { status: 401, headers: { "x-error-code": "GatedRepo" } },
      undefined,
      `access is restricted (401); ask for it at HUB/${MODEL}; then set HF_TOKEN to a token of that account`,
    ],
    [
      "404",
      { status: 404, headers: { "x-error-code": "RepoNotFound" } },
      undefined,
      "there is no such model at HUB (404); check the spelling, or set HF_TOKEN if the model is private",
    ],
    [
      "404 for the revision",
      { status: 404, headers: { "x-error-code": "RevisionNotFound" } },
      undefined,
      `there is no revision "main" (404); expected a branch, a tag or a commit of HUB/${MODEL}`,
    ],
    [
      "429 for an hour",
      { status: 429, headers: { "retry-after": "3600" } },
      undefined,
      "the server takes no more requests for now (429); try again in 3600 seconds, or set HF_TOKEN: the hub allows more requests to those it knows",
    ],
    [
      "403 that says no more",
      { status: 403 },
      "hf_mine",
      `access is restricted (403); ask for it at HUB/${MODEL} with the token's account`,
    ],
    ["418 for a token", { status: 418 }, "hf_mine", "HOST answered 418 I'm a Teapot"],
    ["418", { status: 418 }, undefined, "HOST answered 418 I'm a Teapot"],
  ])("answers %s with one sentence and the cure", async (_, fault, token, sentence) => {
    const { hub, open } = await setUp();
    hub.fault = () => fault;
    const expected = sentence.replaceAll("HUB", hub.endpoint).replace("HOST", new URL(hub.endpoint).host);
    expect(await errorOf(open({ token }))).toEqual({ code: "download", message: `${MODEL}: ${expected}` });
    expect(hub.exchanges.length).toBe(1);
  });

  it("says of a file that it is not there, or cannot be had", async () => {
    const { hub, open } = await setUp();
    const messageOf = async (status: number) => {
      hub.fault = ({ path }) => (path.endsWith("model_index.json") ? { status } : undefined);
      return (await errorOf(open({ files: () => ["model_index.json"] }))).message;
    };
    expect(await messageOf(404)).toBe(
      `${MODEL}: model_index.json is not there (404), although it is listed; try again later`,
    );
    expect(await messageOf(410)).toBe(`${MODEL}: ${new URL(hub.endpoint).host} answered 410 Gone`);
  });

  it("names the model and the revision that do not exist", async () => {
    const { open } = await setUp();
    expect((await errorOf(open({ id: "maker/other" }))).message).toMatch(/^maker\/other: there is no such model/);
    expect((await errorOf(open({ id: `${MODEL}@v9` }))).message).toMatch(
      /^maker\/karlo-tiny@v9: there is no revision "v9"/,
    );
  });

  it("gives up on a hub that stays busy", async () => {
    const { hub, open } = await setUp();
    hub.fault = () => ({ status: 429, headers: { "retry-after": "0" } });
    expect((await errorOf(open())).message).toMatch(/no more requests for now \(429\); try again in 0 seconds/);
    expect(hub.exchanges.length).toBe(3);
  });

  it("passes on what a callback of the caller throws, at once", async () => {
    const { hub, open } = await setUp();
    const onProgress = () => {
      throw new RangeError("mine");
    };
    await expect(open({ onProgress })).rejects.toThrow(RangeError);
    expect(hub.requestsFor(WEIGHTS).length).toBeLessThan(2);
    await expect(
      open({
        files: () => {
          throw new RangeError("mine");
        },
      }),
    ).rejects.toThrow(RangeError);
  });

  it("does not follow redirects for ever", async () => {
    const { hub, open } = await setUp();
    hub.fault = () => ({ status: 307, headers: { location: "/round" } });
    expect((await errorOf(open())).message).toMatch(/is redirected more than 8 times/);
  });
});
