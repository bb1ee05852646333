import { openModelFolder } from "@unclip/runtime/node";
import { readScheduler } from "@unclip/sampler";
import { createRandom, rows, splitChannels, tensor, type Tensor, valuesOf } from "@unclip/tensor";
import { createUpsampler, readUpsamplerConfig, type UpsamplerNetworks } from "@unclip/upsampler";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";

const scheduler = await readScheduler(await openModelFolder(fixturePath("karlo-tiny")), "super_res_scheduler");
const config = readUpsamplerConfig(
  {
    sample_size: 512,
    in_channels: 6,
    out_channels: 3,
    block_out_channels: [8],
    down_block_types: ["ResnetDownsampleBlock2D"],
    up_block_types: ["ResnetUpsampleBlock2D"],
    add_attention: false,
    norm_num_groups: 8,
  },
  "config.json",
);

/** An upsampler whose network hands on the picture that it is to enlarge; and how many pictures each run was given. */
function fakeUpsampler(onRun?: () => void) {
  const counts: number[] = [];
  const network = {
    run: ({ xt }: Record<string, Tensor>) => {
      counts.push(xt!.dims[0]!);
      onRun?.();
      return Promise.resolve({ prediction: splitChannels(xt!, 3)[1] });
    },
  };
  const upsampler = createUpsampler({ first: network, last: network } as unknown as UpsamplerNetworks, config, {
    ...scheduler,
    predictionType: "sample",
  });
  return { upsampler, counts };
}

/** Six pictures of 2 x 2 pixels, each of one tone. */
const pictures = tensor(
  Float32Array.from({ length: 6 * 12 }, (_, i) => Math.floor(i / 12) / 10),
  [6, 3, 2, 2],
);

describe("many pictures", () => {
  it("go through the network in groups of about a million pixels, and come back in their order", async () => {
    const { upsampler, counts } = fakeUpsampler();
    const large = await upsampler.upsample(pictures, { random: createRandom(0), steps: 2 });
    expect(counts).toStrictEqual([4, 2, 4, 2]);
    expect(large.dims).toStrictEqual([6, 3, 512, 512]);
    for (let i = 0; i < 6; i++) {
      const tones = valuesOf(rows(large, i, i + 1));
      expect(Math.max(...tones.subarray(0, 99))).toBeCloseTo(i / 10, 3);
      expect(tones.at(-1)).toBeCloseTo(i / 10, 3);
    }
  });

  it("can be stopped between two groups", async () => {
    const controller = new AbortController();
    const { upsampler, counts } = fakeUpsampler(() => controller.abort());
    const run = upsampler.upsample(pictures, { random: createRandom(0), steps: 2, signal: controller.signal });
    await expect(run).rejects.toThrow("upsampler: stopped on request");
    expect(counts).toStrictEqual([4]);
  });
});
