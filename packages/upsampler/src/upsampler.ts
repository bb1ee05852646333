import { checkRuntime, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import {
  checkAborted,
  checkArgument,
  checkRandom,
  readJson,
  concatChannels,
  concatRows,
  resizeBicubic,
  rows,
  tensor,
  UnclipError,
  type Random,
  type Tensor,
  createRun,
  type Run,
} from "@unclip/tensor";
import {
  readScheduler,
  planSampling,
  sample,
  type Denoiser,
  type SampleStep,
  type SchedulerConfig,
  type SamplerChoice,
} from "@unclip/sampler";
import { readUpsamplerConfig, type UpsamplerConfig } from "./config.js";
import { upsamplerNetwork } from "./network.js";

/** Options of {@link Upsampler.upsample}. */
export interface UpsamplerOptions {
  /** Source of the noise. */
  readonly random: Random;
  /** Sampling steps; default 7. */
  readonly steps?: number;
  /** Another sampler than the model's own: a name such as "dpmpp-2m", `{ name, ...options }`, or a Sampler. */
  readonly sampler?: SamplerChoice;
  /** Stops between two steps, or between two groups of pictures. */
  readonly signal?: AbortSignal;
}

/** Enlarges pictures by inventing the detail. */
export interface Upsampler {
  readonly config: UpsamplerConfig;
  readonly scheduler: SchedulerConfig;
  /** @param pixels [N, 3, h, w] in [-1, 1]
   * @returns a run over the steps whose result is pixels [N, 3, S, S], S the network's size; values may leave [-1, 1] a little
   * @throws UnclipError "shape" if pixels has another number of channels, "aborted" if the signal fires */
  upsample(pixels: Tensor, options: UpsamplerOptions): Run<Tensor, SampleStep>;
}

/** Options of {@link loadUpsampler}: where its parts lie in the model folder. */
export interface LoadUpsamplerOptions {
  /** Network of all steps but the last; default "super_res_first". */
  readonly first?: string;
  /** Network of the last step; default "super_res_last", or null to use the first for all. */
  readonly last?: string | null;
  /** Default "super_res_scheduler". */
  readonly scheduler?: string;
}

/** Loads one upsampler of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold an upsampler that fits its config */
export async function loadUpsampler(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadUpsamplerOptions = {},
): Promise<Upsampler> {
  checkRuntime("loadUpsampler", runtime);
  const { first = "super_res_first", last = "super_res_last", scheduler = "super_res_scheduler" } = options;
  const load = async (component: string) => {
    const path = `${component}/config.json`;
    const config = readUpsamplerConfig(await readJson(folder, path), `${folder.name}/${path}`);
    return {
      config,
      network: runtime.network(upsamplerNetwork(config, await readCheckpoint(folder, component)), folder),
    };
  };
  const [opening, closing] = [await load(first), last === null ? undefined : await load(last)];
  if (closing && closing.config.sampleSize !== opening.config.sampleSize) {
    const sizes = `${first} makes ${opening.config.sampleSize}, ${last} ${closing.config.sampleSize} pixels`;
    throw new UnclipError("config", `${folder.name}: ${sizes}; expected the same size`);
  }
  const networks = { first: opening.network, last: closing?.network ?? opening.network };
  return createUpsampler(networks, opening.config, await readScheduler(folder, scheduler));
}

/** Large pictures go through a network in groups of at most so many pixels: more take memory, and hardly less time. */
const PIXELS_AT_ONCE = 2 ** 20;

/** The networks of an upsampler: Karlo's last step has one of its own. */
export interface UpsamplerNetworks {
  readonly first: Network;
  readonly last: Network;
}

/** The paper's upsampler: denoises the large picture next to the small one, enlarged by bicubic interpolation. No guidance.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function createUpsampler(
  networks: UpsamplerNetworks,
  config: UpsamplerConfig,
  scheduler: SchedulerConfig,
): Upsampler {
  const { sampleSize, outChannels } = config;
  const atOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / sampleSize ** 2));
  return {
    config,
    scheduler,
    upsample: (pixels, options) =>
      createRun(async function* () {
        checkArgument("upsampler.pixels", pixels, ["dims", "data"], "a tensor of pixels [N, 3, h, w]");
        checkRandom("upsampler.random", options?.random);
        const { random, steps = 7, sampler, signal } = options;
        const [n, channels] = pixels.dims as [number, number];
        if (pixels.dims.length !== 4 || channels !== outChannels) {
          throw new UnclipError(
            "shape",
            `upsampler.pixels: expected [N, ${outChannels}, h, w], got [${pixels.dims.join(", ")}]`,
          );
        }
        const plan = planSampling(scheduler, "upsampler", { steps, sampler });
        const xT = random.normal([n, outChannels, sampleSize, sampleSize]);
        const enlarged = resizeBicubic(pixels, sampleSize, sampleSize);
        const denoise: Denoiser = async (xt, t) => {
          const network = t === plan.timesteps.at(-1) ? networks.last : networks.first;
          const predictions: Tensor[] = [];
          for (let start = 0; start < n; start += atOnce) {
            checkAborted(signal, "upsampler");
            const end = Math.min(start + atOnce, n);
            const input = concatChannels(rows(xt, start, end), rows(enlarged, start, end));
            const out = await network.run({ xt: input, t: tensor(Float32Array.of(t), [1]) });
            predictions.push(out["prediction"]!);
          }
          return { type: scheduler.predictionType, output: concatRows(predictions) };
        };
        return yield* sample(denoise, { ...plan, where: "upsampler", xT, random, signal });
      }),
  };
}
