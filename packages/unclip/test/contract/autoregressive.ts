import {
  autoregressivePast,
  autoregressivePrefixNetwork,
  autoregressivePriorNetwork,
  emptyAutoregressivePast,
  readAutoregressivePriorConfig,
} from "@unclip/prior";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime";
import { readJson, tensor, type Tensor } from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import { assertClose, rowOf, type Platform } from "./suite.js";

const COMPONENT = "prior_autoregressive";

/** The autoregressive prior's logits of one token after the other are the reference's, while keys and values stay on the device. */
export async function walkTokens(platform: Platform): Promise<void> {
  const fixture = await platform.tensors("networks/autoregressive-prior.safetensors");
  const folder = await openModelFolder(platform.folder("autoregressive-tiny"));
  const json = await readJson(folder, `${COMPONENT}/config.json`);
  const config = readAutoregressivePriorConfig(json, "config.json");
  const checkpoint = await readCheckpoint(folder, COMPONENT);
  const runtime = await createRuntime({ device: platform.device });
  const keepOutputs = Array.from({ length: config.layers }, (_, i) => `present.${i}`);
  const transformer = runtime.network(autoregressivePriorNetwork(config, checkpoint), folder, { keepOutputs });
  const [textEmbedding, textStates] = [rowOf(fixture["text_embedding"]!, 0), rowOf(fixture["text_states"]!, 0)];
  const prefixNetwork = runtime.network(autoregressivePrefixNetwork(config, checkpoint), folder);

  let { prefix } = (await prefixNetwork.run({ textEmbedding, textStates })) as { prefix: Tensor };
  const width = prefix.dims[2]!;
  const textMask = Int32Array.from(rowOf(fixture["text_mask"]!, 0).data as Float32Array);
  const buckets = Array.from(
    rowOf(fixture["tokens"]!, 0).data as Float32Array,
    (bucket) => bucket + config.dotProductBounds.length + 1,
  );
  const tokens = [fixture["dot_product"]!.data[0]!, ...buckets];
  const expected = rowOf(fixture["logits"]!, 0).data as Float32Array;
  let past = emptyAutoregressivePast(config, 1);
  for (let k = 0; k < config.components; k++) {
    const mask = Int32Array.of(...textMask, ...Array<number>(2 + k).fill(1));
    const feeds = {
      prefix,
      tokens: new OrtTensor("int64", BigInt64Array.of(BigInt(tokens[k]!)), [1, 1]),
      next: new OrtTensor("int64", BigInt64Array.of(BigInt(k)), [1]),
      mask: new OrtTensor("int32", mask, [1, mask.length]),
      ...past,
    };
    const outputs = await transformer.run(feeds, ["logits", ...keepOutputs]);
    assertClose(outputs["logits"]!, expected.subarray(k * config.buckets, (k + 1) * config.buckets));
    past = autoregressivePast(config, outputs);
    prefix = tensor(new Float32Array(), [1, 0, width]);
  }
  await runtime.dispose();
}
