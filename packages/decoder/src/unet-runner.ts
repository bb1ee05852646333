import type { DeepFeatures, Graph } from "@unclip/graph";
import type { Feeds, ModelFolder, Network, Runtime } from "@unclip/runtime";
import { UnclipError, type Tensor } from "@unclip/tensor";

/** A U-Net in two forms, for reusing what its levels below the first make. */
export interface SplitUnet {
  /** All of it, with a further output "deep": what these levels made for the first. */
  readonly whole: Network;
  /** The first level alone, with an input "deep" in place of the others. */
  readonly shallow: Network;
}

/** The forms of a decoder's U-Net. */
export interface UnetForms {
  readonly unet: Network;
  /** Called when it is first needed; without it nothing can be reused. */
  readonly split?: () => SplitUnet;
}

/** The parts of a U-Net, which are built once, when they are first needed.
 * @param graph the network that gives its deep features, or takes them */
export function splitUnet(
  graph: (deep: DeepFeatures) => Graph,
  runtime: Runtime,
  folder: ModelFolder,
): () => SplitUnet {
  let parts: SplitUnet | undefined;
  return () => {
    if (parts === undefined) {
      const whole = runtime.network(graph("output"), folder);
      parts = { whole, shallow: runtime.network(graph("input"), folder, { besides: whole }) };
    }
    return parts;
  };
}

/** Runs a U-Net, step after step.
 * @param cacheInterval N: the whole network runs in every N-th step, the first among them; the others reuse what its levels below the first made then: 1
 * runs it in each
 * @throws UnclipError "input" if these networks cannot do so
 * @see Ma et al. 2023 (arXiv:2312.00858) section 3.2, N there */
export function createUnetRunner(
  { unet, split }: UnetForms,
  cacheInterval: number,
): (feeds: Feeds) => Promise<Record<string, Tensor>> {
  if (cacheInterval === 1) return (feeds) => unet.run(feeds);
  if (split === undefined) {
    throw new UnclipError("input", "decoder.cacheInterval: this decoder has no network in two parts; leave it out");
  }
  const { whole, shallow } = split();
  let deep: Tensor | undefined;
  let age = 0;
  return async (feeds) => {
    if (deep !== undefined && age < cacheInterval) {
      age++;
      return shallow.run({ ...feeds, deep });
    }
    const out = await whole.run(feeds);
    deep = out["deep"]!;
    age = 1;
    return out;
  };
}

/** Throws unless it can be a {@link createUnetRunner}'s.
 * @param where for messages, for example "decoder.cacheInterval"
 * @throws UnclipError "input" */
export function checkCacheInterval(where: string, interval: unknown): void {
  if (Number.isInteger(interval) && (interval as number) >= 1) return;
  throw new UnclipError("input", `${where}: expected a whole number of steps from 1 on, got ${String(interval)}`);
}
