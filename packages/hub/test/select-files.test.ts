import { describe, expect, it } from "vitest";
import type { HubRepository } from "@unclip/hub/node";
import { MODEL } from "../../../test-support/hub-server.js";
import { errorOf, setUp, WEIGHTS } from "./setup.js";

describe("the repository that a selection sees", () => {
  it("is read like a folder, and only what is read is fetched", async () => {
    const { open, hub, files, commit } = await setUp();
    const seen: unknown[] = [];
    const select = async (repository: HubRepository) => {
      const { name, has, sizeBytes, text, bytes } = repository;
      const path = "tokenizer/vocab.json";
      seen.push(name, repository.commit, repository.variant);
      seen.push(await has(path), await has("tokenizer"), await sizeBytes(path), await text(path));
      for (const [start, end] of [
        [2, 10],
        [0, 1],
        [5, 5],
        [9, 3],
        [files[path]!.length - 2, 1e9],
      ] as const)
        seen.push(Buffer.from(await bytes(path, start, end)).toString());
      return ["model_index.json", "model_index.json"];
    };
    await open({ files: select, variant: "fp16" });
    const vocabulary = files["tokenizer/vocab.json"]!.toString();
    expect(seen).toEqual([
      MODEL,
      commit,
      "fp16",
      true,
      false,
      vocabulary.length,
      vocabulary,
      vocabulary.slice(2, 10),
      vocabulary.slice(0, 1),
      "",
      "",
      vocabulary.slice(-2),
    ]);
    expect(hub.requestsFor("tokenizer/vocab.json").length).toBe(1);
    expect(hub.requestsFor(WEIGHTS)).toEqual([]);
  });

  it("has no variant where none was asked for", async () => {
    const { open } = await setUp();
    const select = (repository: HubRepository) => (expect("variant" in repository).toBe(false), ["model_index.json"]);
    await open({ files: select });
  });

  it("lists every file", async () => {
    const { open, files } = await setUp();
    const listed = new Map<string, number>();
    await open({
      files: (repository) => {
        for (const { path, sizeBytes } of repository.files) listed.set(path, sizeBytes);
        return ["model_index.json"];
      },
    });
    expect(listed).toEqual(new Map(Object.entries(files).map(([path, { length }]) => [path, length])));
  });

  it("refuses a text that would not fit into memory, before it is fetched", async () => {
    const { open, hub } = await setUp();
    const entry = (size: number) => ({ type: "file", path: "config.json", oid: "a".repeat(40), size });
    const text = JSON.stringify([entry(2 ** 27 + 1)]);
    hub.fault = ({ path }) => (path.includes("/tree/") ? { status: 200, text } : undefined);
    expect(await errorOf(open({ files: async (repository) => [await repository.text("config.json")] }))).toEqual({
      code: "config",
      message: `${MODEL}: config.json: expected a text of at most 134217728 bytes, got one of 134217729`,
    });
    expect(hub.exchanges.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
  });

  it("refuses what it does not have", async () => {
    const { open, commit } = await setUp();
    const message = `${MODEL}: there is no file "prior/nothing" at commit ${commit}`;
    expect(await errorOf(open({ files: () => ["prior/nothing"] }))).toEqual({ code: "input", message });
    for (const read of ["text", "sizeBytes", "bytes"] as const) {
      const select = async (repository: HubRepository) => [String(await repository[read]("prior/nothing", 0, 1))];
      expect(await errorOf(open({ files: select }))).toEqual({ code: "input", message });
    }
    expect(await errorOf(open({ files: () => [] }))).toEqual({
      code: "input",
      message: `${MODEL}: none of its 4 files was selected; is it a model in the diffusers or transformers layout?`,
    });
  });
});
