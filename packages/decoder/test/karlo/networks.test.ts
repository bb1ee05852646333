import { karloUnet, readKarloDecoderConfig, readTextProjectionConfig, textProjectionNetwork } from "@unclip/decoder";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, concatRows, filled, map, rows, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import {
  expectRelative,
  fixturePath,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const ROUNDING = 1e-5; // float32, another order of sums

describe("networks of the decoder", () => {
  it("text projection agrees with UnCLIPTextProjModel of diffusers, guided and unguided", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const config = readTextProjectionConfig(await readJson(folder, "text_proj/config.json"), "text_proj/config.json");
    const fixture = readFixtureTensors("networks/text-projection.safetensors");
    const states = toTensor(fixture["text_encoder_hidden_states"]!);
    const [, length, width] = states.dims as [number, number, number];
    const graph = textProjectionNetwork(config, width, await readCheckpoint(folder, "text_proj"));
    const runtime = await createRuntime();
    const network = runtime.network(graph, folder);

    const image = toTensor(fixture["image_embeddings"]!);
    const embeddings = toTensor(fixture["prompt_embeds"]!);
    const guided = await network.run({
      imageEmbedding: concatRows([filled(image.dims, 7), image]), // what stands in a row that is not given does not matter
      imageGiven: tensor(Float32Array.of(0, 0, 1, 1), [4, 1]),
      textEmbedding: embeddings,
      textStates: states,
      textMask: filled([4, length], 1),
    });
    expectRelative(guided["timeCondition"]!.data, fixture["guided.additive_clip_time_embeddings"]!.data, ROUNDING);
    expectRelative(guided["context"]!.data, fixture["guided.encoder_hidden_states"]!.data, ROUNDING);

    const unguided = await network.run({
      imageEmbedding: image,
      imageGiven: filled([2, 1], 1),
      textEmbedding: rows(embeddings, 2, 4),
      textStates: rows(states, 2, 4),
      textMask: tensor(
        Float32Array.from({ length: 2 * length }, (_, i) => i % 2),
        [2, length],
      ),
    });
    expectRelative(unguided["timeCondition"]!.data, fixture["unguided.additive_clip_time_embeddings"]!.data, ROUNDING);
    expectRelative(unguided["context"]!.data, fixture["unguided.encoder_hidden_states"]!.data, ROUNDING);
    const bias = unguided["contextBias"]!;
    expect(bias.dims).toEqual([2, 1, 1, 4 + length]);
    expect([...bias.data.slice(0, 7)]).toEqual([0, 0, 0, 0, -10000, 0, -10000]); // the image's tokens always count
    await runtime.dispose();
  });

  it("U-Net agrees with UNet2DConditionModel of diffusers", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const config = readKarloDecoderConfig(await readJson(folder, "decoder/config.json"), "decoder/config.json");
    const fixture = readFixtureTensors("networks/decoder.safetensors");
    const contextLength = fixture["encoder_hidden_states"]!.dims[1]!;
    const graph = karloUnet(config, await readCheckpoint(folder, "decoder"));
    const runtime = await createRuntime();
    const network = runtime.network(graph, folder);
    for (const row of [0, 1]) {
      const part = (name: string) => rowOf(fixture[name]!, row);
      const mask = tensor(part("attention_mask").data, [1, 1, 1, contextLength]);
      const out = await network.run({
        xt: toTensor(part("sample")),
        t: toTensor(part("timestep")),
        timeCondition: toTensor(part("class_labels")),
        context: toTensor(part("encoder_hidden_states")),
        contextBias: map(mask, (one) => (1 - one) * -10000),
      });
      const expected = part("output").data;
      const half = expected.length / 2;
      expectRelative(out["prediction"]!.data, expected.subarray(0, half), ROUNDING);
      expectRelative(out["variance"]!.data, expected.subarray(half), ROUNDING);
    }
    await runtime.dispose();
  });
});
