import { classify, type ClassifyOptions, type Tokenizer } from "@unclip/clip";
import { createRun, UnclipError, type Picture, type Run } from "@unclip/tensor";
import { loadUnclip, type Unclip } from "../load.js";
import type { StageStep } from "../timeline.js";
import { plainError, toPlain, type Ask, type FromWorker, type Next, type Port, type ToWorker } from "./protocol.js";
import { describeModel } from "./worker-model.js";
import type { CaptionToken } from "./caption-token.js";

/** What can be run, and where its options are among the arguments. */
const OPTIONS_AT = {
  generate: 1,
  vary: 1,
  interpolate: 1,
  mix: 1,
  edit: 1,
  components: 1,
  compare: 1,
  again: 1,
  estimatePriorTable: 1,
} as const;

/** A run that the page has started. */
interface ServedRun {
  readonly steps: AsyncIterator<StageStep, unknown>;
  readonly controller: AbortController;
  /** Steps that the page has got. */
  count: number;
  /** The last of them. */
  last?: StageStep;
}

/** Serves a model to whoever is at the other end of a port: loads it, runs what is asked, and answers with data.
 * @param load for tests */
export function serveUnclip(port: Port, load: typeof loadUnclip = loadUnclip): void {
  const runs = new Map<number, ServedRun>();
  let loading: Promise<Unclip> | undefined;
  const post = (message: FromWorker, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const model = () => {
    if (loading !== undefined) return loading;
    throw new UnclipError("input", "worker: nothing is loaded yet");
  };
  const tell = (news: "onDownload" | "onEvent") => (value: unknown) => post({ news, value });

  async function answer(ask: Ask): Promise<unknown> {
    switch (ask.type) {
      case "load":
        loading = load(ask.source, { ...ask.options, onDownload: tell("onDownload"), onEvent: tell("onEvent") });
        return describeModel(await loading);
      case "start": {
        const controller = new AbortController();
        const run = startRun(await model(), ask.method, ask.args, controller.signal);
        runs.set(ask.run, { steps: run[Symbol.asyncIterator](), controller, count: 0 });
        return undefined;
      }
      case "next":
        return nextOf(ask.run);
      case "preview":
      case "inside": {
        const { count, last } = runs.get(ask.run) ?? {};
        const look = count === ask.index ? last?.[ask.type] : undefined;
        if (look !== undefined) return look();
        throw new UnclipError("input", `${ask.type}: its step has passed; ask for it before the next step`);
      }
      case "abort":
        return runs.get(ask.run)?.controller.abort();
      case "leave":
        return leave(ask.run);
    }
  }

  async function nextOf(id: number): Promise<Next> {
    const run = runs.get(id);
    if (run === undefined) throw new UnclipError("aborted", "run: has ended");
    try {
      const { done, value } = await run.steps.next();
      if (done) {
        runs.delete(id);
        return { done, value };
      }
      run.last = value;
      const { stage, step, steps, preview, inside } = value;
      const has = { hasPreview: preview !== undefined, hasInside: inside !== undefined };
      return { done: false, step: { stage, step, steps, index: ++run.count, ...has } };
    } catch (error) {
      runs.delete(id);
      throw error;
    }
  }

  async function leave(id: number): Promise<void> {
    const run = runs.get(id);
    runs.delete(id);
    await run?.steps.return?.();
  }

  port.addEventListener("message", ({ data }) => {
    const { request, ...ask } = data as ToWorker;
    const reply = async () => {
      try {
        const { plain, transfer } = toPlain(await answer(ask as Ask));
        post({ request, value: plain }, transfer);
      } catch (error) {
        post({ request, error: plainError(error) });
      }
    };
    void reply();
  });
}

/** Begins what a page asks for by name.
 * @param signal put among the options */
function startRun(
  unclip: Unclip,
  method: string,
  args: readonly unknown[],
  signal: AbortSignal,
): Run<unknown, StageStep> {
  if (Object.hasOwn(OPTIONS_AT, method)) {
    const at = OPTIONS_AT[method as keyof typeof OPTIONS_AT];
    const given = [...args];
    given[at] = { ...(args[at] as object | undefined), signal };
    const run = unclip[method as keyof typeof OPTIONS_AT] as (...all: unknown[]) => Run<unknown, StageStep>;
    return run(...given);
  }
  const { textEncoder, imageEncoder } = unclip.stages;
  const missing = (name: string) =>
    new UnclipError("input", `${method}: ${unclip.model} has no ${name}; take another model`);
  const text = () => textEncoder ?? raise(missing("text encoder"));
  const image = () => imageEncoder ?? raise(missing("image encoder"));
  switch (method) {
    case "embedCaptions":
      return once(async () => (await text().embed(args[0] as string[])).textEmbedding);
    case "embedPictures":
      return once(() => image().embed(args[0] as Picture[]));
    case "tokenize":
      return once(async () => tokensOf(text().tokenizer, args[0] as string));
    case "classify": {
      const [picture, labels, options] = args as [Picture, string[], ClassifyOptions | undefined];
      return once(() => classify({ textEncoder: text(), imageEncoder: image() }, picture, labels, options));
    }
    default:
      throw new UnclipError(
        "input",
        `worker: there is no ${JSON.stringify(method)}; are page and Worker of one version?`,
      );
  }
}

/** A caption's tokens, without padding. */
function tokensOf({ encode, textOf }: Tokenizer, caption: string): CaptionToken[] {
  const { ids, mask } = encode(caption);
  return [...ids].filter((_, i) => mask[i] === 1).map((id) => ({ id, text: textOf([id]) }));
}

function raise(error: Error): never {
  throw error;
}

/** Work without steps. */
function once<T>(work: () => Promise<T>): Run<T, StageStep> {
  // eslint-disable-next-line require-yield -- a run of no steps
  return createRun<T, StageStep>(async function* () {
    return await work();
  });
}
