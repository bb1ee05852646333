import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MODEL, sha256 } from "../../../test-support/hub-server.js";
import { errorOf, expectSame, setUp, WEIGHTS } from "./setup.js";

interface Answer {
  readonly status: number;
  readonly body?: Uint8Array;
  readonly headers?: Record<string, string>;
}

/** A hub whose storage server gives the `answers` one after the other, and then goes right.
 * @param kept how many bytes of the large file an earlier download left */
async function setUpAnswers(kept: number, answersFor: (file: Buffer) => readonly Answer[]) {
  const setup = await setUp();
  const { hub, at, files, commit } = setup;
  const file = files[WEIGHTS]!;
  const queue = [...answersFor(file)];
  const sent: (readonly [string | undefined, string | undefined])[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    if (!String(url).startsWith(hub.storage)) return globalThis.fetch(url, init);
    const headers = init!.headers as Record<string, string>;
    sent.push([headers["range"], headers["if-range"]]);
    const answer = queue.shift();
    if (answer === undefined) return globalThis.fetch(url, init);
    return new Response((answer.body as BodyInit) ?? null, { status: answer.status, headers: answer.headers });
  };
  if (kept > 0) {
    await mkdir(at("blobs"), { recursive: true });
    const longer = Buffer.concat([file, Buffer.alloc(10)]);
    await writeFile(at("blobs", `${sha256(file)}.incomplete`), longer.subarray(0, kept));
  }
  const open = () => setup.open({ files: () => [WEIGHTS], fetch, retries: 2 });
  const openWhole = async () => {
    await open();
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), file);
    return sent;
  };
  return { open, openWhole, sent, file };
}

const SIZE = 150_000;
const range = (start: number, total: number | string = SIZE) => ({
  "content-range": `bytes ${start}-${SIZE - 1}/${total}`,
});

describe("a download that goes on at byte 1000", () => {
  it.each<[string, (file: Buffer) => Answer]>([
    ["from there", (file) => ({ status: 206, body: file.subarray(1000), headers: range(1000) })],
    [
      "from there, of unknown length",
      (file) => ({ status: 206, body: file.subarray(1000), headers: range(1000, "*") }),
    ],
    ["the whole file", (file) => ({ status: 200, body: file })],
    ["the whole file, in the words of a part", (file) => ({ status: 200, body: file, headers: range(1000) })],
  ])("takes an answer that sends %s", async (_, answer) => {
    const { openWhole } = await setUpAnswers(1000, (file) => [answer(file)]);
    expect(await openWhole()).toEqual([["bytes=1000-", undefined]]);
  });

  it.each<[string, (file: Buffer) => Answer]>([
    ["no part", () => ({ status: 416 })],
    ["a part from another place", (file) => ({ status: 206, body: file.subarray(999), headers: range(999) })],
    ["a part from the start", (file) => ({ status: 206, body: file, headers: range(0) })],
    ["a part of a longer file", (file) => ({ status: 206, body: file.subarray(1000), headers: range(1000, SIZE + 1) })],
    ["a part of no place", (file) => ({ status: 206, body: file.subarray(1000) })],
    [
      "a part in other words",
      (file) => ({ status: 206, body: file.subarray(1000), headers: { "content-range": `x bytes 1000-1/${SIZE}` } }),
    ],
    [
      "a part in more words",
      (file) => ({ status: 206, body: file.subarray(1000), headers: { "content-range": `bytes 1000-1/${SIZE}x` } }),
    ],
  ])("begins anew after an answer that sends %s", async (_, answer) => {
    const { openWhole } = await setUpAnswers(1000, (file) => [answer(file)]);
    expect(await openWhole()).toEqual([
      ["bytes=1000-", undefined],
      [undefined, undefined],
    ]);
  });

  it("says what was answered if it never goes on", async () => {
    const broken = { status: 200, body: Buffer.alloc(1000), headers: { etag: '"a"' } };
    const none = { status: 416 };
    const { open } = await setUpAnswers(1000, () => [none, broken, none, broken, none]);
    expect((await errorOf(open())).message).toBe(
      `${MODEL}: ${WEIGHTS}: the server answered 416 to a range, again and again; try again later`,
    );
  });
});

describe("an earlier download", () => {
  it.each([
    ["is taken as it is if it is complete", SIZE, []],
    ["goes on if one byte is missing", SIZE - 1, [[`bytes=${SIZE - 1}-`, undefined]]],
    ["is thrown away if it is longer than the file", SIZE + 1, [[undefined, undefined]]],
    ["may be none", 0, [[undefined, undefined]]],
  ])("%s", async (_, kept, requests) => {
    const { openWhole } = await setUpAnswers(kept, () => []);
    expect(await openWhole()).toEqual(requests);
  });
});

describe("a second attempt", () => {
  const first = (etag: string | undefined) => (file: Buffer) => ({
    status: 200,
    body: file.subarray(0, 1000),
    ...(etag !== undefined && { headers: { etag } }),
  });
  const rest = (headers: Record<string, string>) => (file: Buffer) => ({
    status: 206,
    body: file.subarray(1000),
    headers: { ...range(1000), ...headers },
  });

  it.each<[string, string | undefined, Record<string, string>, (string | undefined)[][]]>([
    ["goes on with the same ETag", '"a"', { etag: '"a"' }, [["bytes=1000-", '"a"']]],
    ["goes on if the part has none", '"a"', {}, [["bytes=1000-", '"a"']]],
    ["goes on if the first had none", undefined, { etag: '"b"' }, [["bytes=1000-", undefined]]],
    ["does not ask by a weak one", 'W/"a"', {}, [["bytes=1000-", undefined]]],
    ["does not ask by one that is none", 'a"', {}, [["bytes=1000-", undefined]]],
    [
      "begins anew with another one",
      '"a"',
      { etag: '"b"' },
      [
        ["bytes=1000-", '"a"'],
        [undefined, undefined],
      ],
    ],
  ])("%s", async (_, etag, headers, requests) => {
    const { openWhole } = await setUpAnswers(0, (file) => [first(etag)(file), rest(headers)(file)]);
    expect(await openWhole()).toEqual([[undefined, undefined], ...requests]);
  });
});
