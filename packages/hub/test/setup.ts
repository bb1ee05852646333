import { fetchSnapshot, type HubSnapshot, type SelectFiles, type SnapshotOptions } from "@unclip/hub/node";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import {
  MODEL,
  sha256,
  startHub,
  type Exchange,
  type Fault,
  type HubServer,
} from "../../../test-support/hub-server.js";

/** The one large file of the model. */
export const WEIGHTS = "prior/diffusion_pytorch_model.safetensors";
/** Its folder in the cache. */
export const CACHED = `models--${MODEL.replace("/", "--")}`;

/** A model of four files. */
const FILES: Readonly<Record<string, Buffer>> = {
  "model_index.json": Buffer.from('{ "_class_name": "UnCLIPPipeline" }'),
  "prior/config.json": Buffer.from('{ "num_layers": 2 }'),
  [WEIGHTS]: Buffer.from(Array.from({ length: 150_000 }, (_, i) => (i * i) % 251)),
  "tokenizer/vocab.json": Buffer.from(JSON.stringify(Array.from({ length: 1000 }, (_, i) => `word ${i}`))),
};

export interface Setup {
  readonly hub: HubServer;
  readonly cacheDir: string;
  readonly files: Readonly<Record<string, Buffer>>;
  readonly commit: string;
  /** Absolute path in the model's part of the cache. */
  readonly at: (...path: string[]) => string;
  /** Fetches the model; all of its files and short pauses by default. */
  readonly open: (options?: Partial<SnapshotOptions> & { readonly id?: string }) => Promise<HubSnapshot>;
}

/** A hub with one model, and an empty cache.
 * @param options.token what the hub asks for; default nothing
 * @param options.files the model; default a small one */
export async function setUp(
  options: { readonly token?: string; readonly files?: Readonly<Record<string, Buffer>> } = {},
): Promise<Setup> {
  const { files = FILES } = options;
  const hub = await startHub(options);
  const cacheDir = join(await temporaryFolder(), "hub");
  const commit = hub.push(files);
  const open: Setup["open"] = ({ id = MODEL, ...rest } = {}) =>
    fetchSnapshot(id, { endpoint: hub.endpoint, cacheDir, files: everything, retryWaitMs: 1, ...rest });
  return { hub, cacheDir, files, commit, open, at: (...path) => join(cacheDir, CACHED, ...path) };
}

/** Selects all files. */
export const everything: SelectFiles = ({ files }) => files.map(({ path }) => path);

/** Faults for the requests of the large file, one after the other; then all goes well. */
export function faults(...list: readonly (Fault | undefined)[]): (exchange: Exchange) => Fault | undefined {
  const queue = [...list];
  return ({ on }) => (on === "storage" ? queue.shift() : undefined);
}

/** Answers the hub's interface with `text` instead: the commit's address, or the list of files. */
export function answers(kind: "revision" | "tree", fault: Fault): (exchange: Exchange) => Fault | undefined {
  return ({ path }) => (path.includes(`/${kind}/`) ? { status: 200, ...fault } : undefined);
}

/** The error that `work` ends with. */
export async function errorOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  return work.then(
    () => expect.fail("expected an error"),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );
}

/** The ranges that the requests for the large file asked for. */
export const rangesOf = (hub: Setup["hub"]) => hub.requestsFor(WEIGHTS).map(({ headers }) => headers.range);

/** Fails unless two files are the same. Comparing byte by byte with toEqual would take seconds. */
export function expectSame(actual: Uint8Array, expected: Uint8Array | undefined): void {
  expect(sha256(actual)).toBe(sha256(expected ?? new Uint8Array()));
}
