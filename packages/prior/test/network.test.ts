import { emptyPast, priorNetwork, readPriorConfig } from "@unclip/prior";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor, withoutPadding } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import {
  expectRelative,
  fixturePath,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);

describe("priorNetwork", () => {
  const open = async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const config = readPriorConfig(await readJson(folder, "prior/config.json"), "prior/config.json");
    return { folder, config, checkpoint: await readCheckpoint(folder, "prior") };
  };

  it("agrees with PriorTransformer of diffusers", async () => {
    const { folder, config, checkpoint } = await open();
    const runtime = await createRuntime();
    const network = runtime.network(priorNetwork(config, checkpoint), folder);
    const fixture = readFixtureTensors("networks/prior.safetensors");
    for (const row of [0, 1]) {
      const part = (name: string) => rowOf(fixture[name]!, row);
      const feeds = {
        xt: toTensor(part("hidden_states")),
        t: toTensor(part("timestep")),
        textEmbedding: toTensor(part("proj_embedding")),
        textStates: toTensor(part("encoder_hidden_states")),
        textMask: toTensor(part("attention_mask")),
      };
      const expected = part("predicted_image_embedding").data;
      const other = feeds.xt.data.map((value) => 1 - value);
      const first = await network.run({ ...feeds, xt: tensor(other, feeds.xt.dims), past: emptyPast(config, 1) });
      const out = await network.run({ ...feeds, past: emptyPast(config, 1) });
      expectRelative(out["prediction"]!.data, expected, 1e-5); // float32, another order of sums
      const later = await network.run({ ...feeds, past: first["present"]! }); // what another step knows of the caption
      expectRelative(later["prediction"]!.data, expected, 1e-5);
      expect(later["present"]!.dims).toEqual([2 * config.layers, 1, 0, config.heads * config.headWidth]);

      const short = { ...feeds, ...withoutPadding(feeds) };
      expect(short.textStates.dims[1]).toBe([25, 77][row]);
      const cut = await network.run({ ...short, past: emptyPast(config, 1) });
      expectRelative(cut["prediction"]!.data, expected, 1e-5);
      const cutLater = await network.run({ ...short, past: cut["present"]! });
      expectRelative(cutLater["prediction"]!.data, expected, 1e-5);
    }
    await runtime.dispose();
  });

  it("is refused when the checkpoint is another model's, with the differences", async () => {
    const { config, checkpoint } = await open();
    expect(() => priorNetwork({ ...config, layers: config.layers + 1 }, checkpoint)).toThrow(
      /prior: the weights do not fit config.json: it wants 3 of transformer_blocks, they have 2;/,
    );
    expect(() => priorNetwork({ ...config, layers: config.layers - 1 }, checkpoint)).toThrow(
      /it wants 1 of transformer_blocks, they have 2/,
    );
    expect(() => priorNetwork({ ...config, textLength: config.textLength + 1 }, checkpoint)).toThrow(
      /1 wrongly shaped: positional_embedding: expected \[1, 82, \d+\], got \[1, 81, \d+\]/,
    );
  });
});
