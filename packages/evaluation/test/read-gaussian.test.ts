import { readGaussian } from "@unclip/evaluation";
import { openModelFolder } from "@unclip/runtime/node";
import { expect, it } from "vitest";

const folder = () => openModelFolder(new URL("../oracle/", import.meta.url));

it("reads mean and covariance, which is symmetric", async () => {
  const { mean, covariance } = await readGaussian(await folder(), "statistics.safetensors");
  expect([mean.length, covariance.length]).toEqual([128, 128 * 128]);
  for (let i = 0; i < 128; i++) expect(covariance[i * 128 + 5]).toBeCloseTo(covariance[5 * 128 + i]!, 5); // float32
});

it("refuses another file", async () => {
  await expect(readGaussian(await folder(), "model.safetensors")).rejects.toThrow("expected mean as F32");
});
