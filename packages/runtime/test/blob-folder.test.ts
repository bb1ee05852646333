import { openModelFolder, readCheckpoint } from "@unclip/runtime/web";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";

/** A model folder whose server has these files of the fixtures. */
async function serve(files: Record<string, string>) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    const path = String(url).replace("http://models.test/karlo/", "");
    asked.push(path);
    const file = files[path];
    return file === undefined
      ? new Response(null, { status: 404 })
      : new Response(await readFile(fixturePath(file)), { status: 200 });
  };
  return { asked, folder: await openModelFolder("http://models.test/karlo", { fetch }) };
}

it("reads files of torch.save from blobs", async () => {
  const { folder } = await serve({ "prior/pytorch_model.bin": "torch-files/network.bin" });
  const { weights } = await readCheckpoint(folder, "prior");
  const { offset, sizeBytes, ...weight } = weights.get("0.bias")!;
  expect(weight).toEqual({ type: "F32", dims: [2], file: "prior/pytorch_model.bin" });
  const values = await folder.bytes(weight.file, offset, offset + sizeBytes);
  expect(Buffer.from(values).toString("hex")).toBe("fa69c6bed7a88c3e"); // as fixtures/torch-files/expected.json says
});

it("asks for nothing outside of the folder", async () => {
  const { folder, asked } = await serve({});
  for (const path of [
    "../other/config.json",
    "/config.json",
    "//example.test/a",
    "http://example.test/a",
    "a/../../b",
  ]) {
    await expect(folder.has(path)).rejects.toMatchObject({
      code: "input",
      message: `http://models.test/karlo/: "${path}" leads out of the model folder`,
    });
  }
  expect(asked).toEqual([]);
});
