import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { fixturePath } from "../../../test-support/index.js";
import { openFamily, surroundings } from "../src/open-family.js";
import { folderOf, refusal } from "./support.js";

const onDisk = (directory: string) => ({ ...folderOf({}), directory }) as never;
const plain = folderOf({}) as never;

describe("the surroundings of a folder", () => {
  it.each([
    [onDisk("/models/mine"), "mine", "/models/theirs"],
    [onDisk("C:\\models\\mine"), "mine", "C:\\models\\theirs"],
    [plain, "https://example.test/models/mine/", "https://example.test/models/theirs"],
    [plain, new URL("https://example.test/models/mine"), "https://example.test/models/theirs"],
  ])("has others beside it: %#", (folder, source, place) => {
    expect(surroundings(folder, source, {}).beside!("theirs")).toBe(place);
  });

  it("has none of a model of the hub, nor of files that were picked", () => {
    expect(surroundings({ ...folderOf({}), commit: "abc" } as never, "maker/mine", {})).not.toHaveProperty("beside");
    expect(surroundings(plain, [] as never, {})).not.toHaveProperty("beside");
  });

  it("knows the model that the caller chose for a prior", () => {
    expect(surroundings(plain, "mine", { priorModel: "theirs" }).priorModel).toBe("theirs");
    expect(surroundings(plain, "mine", {})).not.toHaveProperty("priorModel");
  });

  it("opens another model's folder with the same settings", async () => {
    const { openOther } = surroundings(plain, "mine", { dtype: "fp16" });
    const other = await openOther(fixturePath("karlo-tiny"), () => ["prior"]);
    expect(other.name).toBe(fixturePath("karlo-tiny"));
    expect(other.index.className).toBe("UnCLIPPipeline");
    expect(other.folder.variant).toBe("fp16");
    const empty = join(await temporaryFolder(), "empty");
    await mkdir(empty);
    await expect(openOther(empty, () => [])).rejects.toThrow(refusal(/model_index.json is missing/, "config"));
  });
});

describe("openFamily", () => {
  it("tells what kind of model a folder holds, whether it is a path or a URL", async () => {
    const folder = fixturePath("stable-unclip-tiny-l");
    for (const source of [folder, pathToFileURL(folder)]) {
      const { family, index, model, folder: opened } = await openFamily(source, {});
      expect(family.name).toBe("stable-unclip");
      expect(index.components.get("unet")).toBe("UNet2DConditionModel");
      expect(opened.name).toBe(model);
    }
  });

  it("refuses a model of another kind, with its file", async () => {
    const folder = await temporaryFolder();
    await cp(fixturePath("kandinsky-2-2-tiny-prior/model_index.json"), join(folder, "model_index.json"));
    await expect(openFamily(folder, {})).rejects.toThrow(
      refusal(
        `${folder} holds a prior alone; open the folder of a decoder, and give this one as priorModel (--prior-model)`,
        "config",
      ),
    );
  });
});
