import { withCurrentNames } from "@unclip/autoencoder";
import { createCheckpoint } from "@unclip/graph";
import { expect, it } from "vitest";

it("gives the attention layers of early files today's names and shapes, and leaves the rest alone", () => {
  const entry = (dims: number[]) =>
    ({ type: "F32", dims, offset: 0, sizeBytes: 4 * dims.reduce((a, b) => a * b) }) as const;
  const entries = new Map([
    ["decoder.mid_block.attentions.0.query.weight", entry([8, 8, 1, 1])],
    ["decoder.mid_block.attentions.0.key.bias", entry([8])],
    ["encoder.mid_block.attentions.0.value.weight", entry([8, 8])],
    ["encoder.mid_block.attentions.0.proj_attn.weight", entry([8, 8, 1, 1])],
    ["quant_conv.weight", entry([4, 4, 1, 1])],
  ]);
  const { weights } = withCurrentNames(createCheckpoint("vae", new Map([["vae.safetensors", entries]])));
  expect([...weights].map(([key, { dims }]) => [key, dims])).toEqual([
    ["decoder.mid_block.attentions.0.to_q.weight", [8, 8]],
    ["decoder.mid_block.attentions.0.to_k.bias", [8]],
    ["encoder.mid_block.attentions.0.to_v.weight", [8, 8]],
    ["encoder.mid_block.attentions.0.to_out.0.weight", [8, 8]],
    ["quant_conv.weight", [4, 4, 1, 1]],
  ]);
});
