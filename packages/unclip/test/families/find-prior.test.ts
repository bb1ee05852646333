import { UnclipError } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import type { OtherFolder } from "../../src/families/family.js";
import { findPrior } from "../../src/families/find-prior.js";
import { folderOf, refusal } from "../support.js";

const PRIORS = ["PriorPipeline", "OtherPriorPipeline"];
const parts = () => ["prior"];
const components = (...names: string[]) => new Map(names.map((name) => [name, "Part"]));

interface Around {
  /** The name of the decoder's folder. */
  readonly name?: string;
  readonly card?: string;
  readonly own?: readonly string[];
  /** The folders that there are, by their names, with the pipelines that they were saved from. */
  readonly others?: Readonly<Record<string, string>>;
  readonly priorModel?: string;
  readonly isOnHub?: boolean;
  readonly failure?: Error;
}

/** Looks for the prior of a decoder, and notes where. */
async function look({ name = "mine", card, own = [], others = {}, priorModel, isOnHub, failure }: Around) {
  const asked: string[] = [];
  const files: Record<string, string> = card === undefined ? {} : { "README.md": card };
  const openOther = async (source: string | URL, wanted: unknown): Promise<OtherFolder> => {
    asked.push(String(source));
    expect(wanted).toBe(parts);
    if (failure) throw failure;
    const className = others[String(source)];
    if (className === undefined) throw new UnclipError("input", `${String(source)}: there is no such folder`);
    const index = { className, components: className === "Empty" ? components() : components("prior") };
    return { folder: folderOf({}) as never, index, name: String(source) };
  };
  const opening = {
    folder: { ...folderOf(files), name } as never,
    index: { className: "Decoder", components: components("unet", ...own) },
    openOther,
    ...(!isOnHub && { beside: (other: string) => `/models/${other}` }),
    ...(priorModel !== undefined && { priorModel }),
  };
  const run = findPrior(opening, { priors: PRIORS, parts });
  return { asked, found: await run.catch((error: unknown) => error) };
}

const CARD = "---\nprior: someone/theirs\n---\n";

describe("findPrior", () => {
  it.each([
    ["mine", "/models/mine-prior"],
    ["mine-decoder", "/models/mine-prior"],
    ["/a/mine-decoder/", "/models/mine-prior"],
    ["C:\\a\\mine-decoder-inpaint", "/models/mine-prior"],
    ["mine-controlnet-depth", "/models/mine-prior"],
    ["mine-inpaint", "/models/mine-prior"],
    ["decoder", "/models/prior"],
    ["decoders", "/models/decoders-prior"],
    ["mydecoder", "/models/mydecoder-prior"],
  ])("looks beside %s for %s", async (name, place) => {
    const { asked, found } = await look({ name, others: { [place]: "PriorPipeline" } });
    expect(asked).toEqual([place]);
    expect(found).toMatchObject({ name: place });
  });

  it("looks first for what the model card names: beside the folder, then by its id", async () => {
    const { asked, found } = await look({ card: CARD, others: { "someone/theirs": "PriorPipeline" } });
    expect(asked).toEqual(["/models/theirs", "/models/mine-prior", "someone/theirs"]);
    expect(found).toMatchObject({ name: "someone/theirs" });
    expect((await look({ card: CARD, isOnHub: true })).asked).toEqual(["someone/theirs"]);
    const twice = await look({ name: "theirs-decoder", card: "---\nprior: someone/theirs-prior\n---\n" });
    expect(twice.asked).toEqual(["/models/theirs-prior", "someone/theirs-prior"]);
    const itself = await look({ name: "theirs", card: CARD, others: { "someone/theirs": "PriorPipeline" } });
    expect(itself.asked).toEqual(["/models/theirs-prior", "someone/theirs"]);
  });

  it("passes over folders beside it of other pipelines, and those that cannot be opened as a model", async () => {
    const { asked, found } = await look({
      card: CARD,
      others: { "/models/theirs": "Decoder", "/models/mine-prior": "OtherPriorPipeline" },
    });
    expect(asked).toEqual(["/models/theirs", "/models/mine-prior"]);
    expect(found).toMatchObject({ name: "/models/mine-prior" });
    const damaged = await look({ failure: new UnclipError("config", "model_index.json is missing") });
    expect(damaged.found).toBe(undefined);
  });

  it("does not hide another failure", async () => {
    for (const failure of [new UnclipError("weights", "cut off"), new Error("disk")]) {
      expect((await look({ failure })).found).toBe(failure);
    }
  });

  it("takes the folder's own prior, and before all others the one that the caller chose", async () => {
    const own = await look({ card: CARD, own: ["prior_prior"] });
    expect(own.asked).toEqual([]);
    expect(own.found).toMatchObject({ index: { className: "Decoder" } });
    expect(own.found).not.toHaveProperty("name");
    const others = { "/chosen": "PriorPipeline" };
    const { asked, found } = await look({ priorModel: "/chosen", own: ["prior_prior"], card: CARD, others });
    expect(asked).toEqual(["/chosen"]);
    expect(found).toMatchObject({ name: "/chosen" });
  });

  it("refuses a model without a prior that the caller chose, and says what it holds", async () => {
    const { found } = await look({ priorModel: "/chosen", others: { "/chosen": "Empty" } });
    expect(found).toEqual(
      refusal(
        "/chosen: has no prior, model_index.json lists nothing; give the folder of a prior as priorModel",
        "config",
      ),
    );
  });

  it("finds nothing where there is nothing", async () => {
    expect(await look({})).toEqual({ asked: ["/models/mine-prior"], found: undefined });
    expect(await look({ isOnHub: true })).toEqual({ asked: [], found: undefined });
  });
});
