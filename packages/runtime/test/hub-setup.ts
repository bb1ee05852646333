import { openHubModel, type OpenHubModelOptions } from "@unclip/runtime/node";
import { join } from "node:path";
import { expect } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { MODEL, startHub, type Exchange, type Fault, type HubServer } from "./hub-server.js";
import { readFolder, temporaryFolder } from "./support.js";

/** The one large file of the model. */
export const WEIGHTS = "prior/diffusion_pytorch_model.safetensors";
/** Its folder in the cache. */
export const CACHED = `models--${MODEL.replace("/", "--")}`;

export interface Setup {
  readonly hub: HubServer;
  readonly cacheDir: string;
  readonly files: Readonly<Record<string, Buffer>>;
  readonly commit: string;
  /** Absolute path in the model's part of the cache. */
  readonly at: (...path: string[]) => string;
  readonly open: (options?: OpenHubModelOptions & { readonly id?: string }) => ReturnType<typeof openHubModel>;
}

/** The prior and the vocabulary of the fixture. */
const readFiles = () =>
  readFolder(fixturePath("karlo-tiny"), (path) => /^(prior\/|tokenizer\/vocab|model_index)/.test(path));

/** A hub with one model, and an empty cache.
 * @param options.token what the hub asks for; default nothing
 * @param options.files the model; default a part of the fixture */
export async function setUp(
  options: { readonly token?: string; readonly files?: Readonly<Record<string, Buffer>> } = {},
): Promise<Setup> {
  const { files = await readFiles() } = options;
  const hub = await startHub(options);
  const cacheDir = join(await temporaryFolder(), "hub");
  const commit = hub.push(files);
  const open: Setup["open"] = ({ id = MODEL, ...rest } = {}) =>
    openHubModel(id, { endpoint: hub.endpoint, cacheDir, files: everything, ...rest });
  return { hub, cacheDir, files, commit, open, at: (...path) => join(cacheDir, CACHED, ...path) };
}

/** Selects all files. */
export const everything: OpenHubModelOptions["files"] = ({ files }) => files.map(({ path }) => path);

/** Faults for the requests of the large file, one after the other; then all goes well. */
export function faults(...list: readonly (Fault | undefined)[]): (exchange: Exchange) => Fault | undefined {
  const queue = [...list];
  return ({ on }) => (on === "storage" ? queue.shift() : undefined);
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
