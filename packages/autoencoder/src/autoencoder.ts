import { checkRuntime, pathIn, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { checkArgument, readJson, UnclipError, zip, type Random, type Tensor } from "@unclip/tensor";
import { readAutoencoderConfig, type AutoencoderConfig } from "./config.js";
import { decoderNetwork } from "./networks/decoder.js";
import { encoderNetwork, type Size } from "./networks/encoder.js";
import { withCurrentNames } from "./old-names.js";

/** Options of {@link Autoencoder.encode}. */
export interface EncodeOptions {
  /** Draws the latents of "kl" from their distribution; without it they are its mean. */
  readonly random?: Random;
}

/** Turns pictures into latents, which a decoder can denoise cheaply, and back. */
export interface Autoencoder {
  readonly config: AutoencoderConfig;
  /** Latents of pictures, scaled to be about one wide.
   * @param pixels [N, 3, H, W] in [-1, 1]; H and W multiples of config.factor
   * @returns [N, c, H / factor, W / factor]
   * @throws UnclipError "shape" for another shape */
  encode(pixels: Tensor, options?: EncodeOptions): Promise<Tensor>;
  /** Pictures of latents.
   * @param latents [N, c, h, w], scaled as {@link encode} scales them
   * @returns pixels [N, 3, factor h, factor w]; values may leave [-1, 1] a little
   * @throws UnclipError "shape" for another shape */
  decode(latents: Tensor): Promise<Tensor>;
}

/** Options of {@link loadAutoencoder}. */
export interface LoadAutoencoderOptions {
  /** Where it lies in the model folder: "movq" in Kandinsky's, "vae" in Stable unCLIP's; "" for the folder itself. */
  readonly component: string;
}

/** Loads an autoencoder of a model folder. Weights are opened when it first runs, for each size of picture anew.
 * @throws UnclipError "config" or "weights" if the folder does not hold an autoencoder that fits its config */
export async function loadAutoencoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadAutoencoderOptions,
): Promise<Autoencoder> {
  checkRuntime("loadAutoencoder", runtime);
  checkArgument("loadAutoencoder", options, ["component"], '{ component }, for example "movq" or "vae"');
  const { component } = options;
  const path = pathIn(component, "config.json");
  const config = readAutoencoderConfig(await readJson(folder, path), `${folder.name}/${path}`);
  const checkpoint = withCurrentNames(await readCheckpoint(folder, component));
  const halves: AutoencoderNetworks = {
    encoder: bySize((size) => runtime.network(encoderNetwork(config, size, checkpoint), folder)),
    decoder: bySize((size) => runtime.network(decoderNetwork(config, size, checkpoint), folder)),
  };
  halves.encoder({ height: 2 * config.factor, width: 2 * config.factor }); // a folder whose weights do not fit fails here
  halves.decoder({ height: 2, width: 2 });
  return createAutoencoder(halves, config);
}

/** The two halves of an autoencoder, for a size: the encoder's in pixels, the decoder's in latents. */
export interface AutoencoderNetworks {
  readonly encoder: (size: Size) => Network;
  readonly decoder: (size: Size) => Network;
}

/** An autoencoder over its networks. */
export function createAutoencoder(networks: AutoencoderNetworks, config: AutoencoderConfig): Autoencoder {
  const { pixelChannels, latentChannels, factor } = config;
  return {
    config,
    async encode(pixels, { random } = {}) {
      const size = sizeOf("autoencoder.pixels", pixels, pixelChannels);
      if (size.height % factor !== 0 || size.width % factor !== 0) {
        const got = `${size.width}x${size.height}`;
        throw new UnclipError(
          "shape",
          `autoencoder.pixels: expected width and height in multiples of ${factor}, got ${got}`,
        );
      }
      const { latents, deviation } = await networks.encoder(size).run({ pixels });
      if (random === undefined || deviation === undefined) return latents!;
      const drawn = zip(deviation, random.normal(deviation.dims), (width, noise) => width * noise);
      return zip(latents!, drawn, (mean, away) => mean + away);
    },
    async decode(latents) {
      const size = sizeOf("autoencoder.latents", latents, latentChannels);
      return (await networks.decoder(size).run({ latents }))["pixels"]!;
    },
  };
}

function sizeOf(where: string, x: Tensor, channels: number): Size {
  checkArgument(where, x, ["dims", "data"], `a tensor [N, ${channels}, h, w]`);
  const { dims } = x;
  const [, got, height, width] = dims;
  if (dims.length === 4 && got === channels) return { height: height!, width: width! };
  throw new UnclipError("shape", `${where}: expected [N, ${channels}, h, w], got [${dims.join(", ")}]`);
}

/** Networks that are built once for each size. */
function bySize(build: (size: Size) => Network): (size: Size) => Network {
  const built = new Map<string, Network>();
  return (size) => {
    const key = `${size.height}x${size.width}`;
    const network = built.get(key) ?? build(size);
    built.set(key, network);
    return network;
  };
}
