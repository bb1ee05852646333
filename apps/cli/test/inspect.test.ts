import type { ModelReport } from "unclip";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost } from "./fake-host.js";

const report: ModelReport = {
  model: "karlo",
  className: "UnCLIPPipeline",
  family: "karlo",
  components: [
    {
      name: "decoder",
      className: "UNet2DConditionModel",
      status: "ok",
      sizeBytes: 1_234_567_890,
      parameters: 617_283_945,
      dtypes: ["F16"],
    },
    { name: "prior_scheduler", className: "UnCLIPScheduler", status: "ok", sizeBytes: 0, parameters: 0, dtypes: [] },
  ],
  problems: [],
  can: ["generate pictures of captions", "vary pictures"],
  lacks: ["enlarge what the decoder painted: this model has no upsamplers"],
};

describe("inspect", () => {
  it("prints a table and says that the model is ready", async () => {
    const host = createFakeHost({ report });
    expect(await run(["inspect", "karlo"], host)).toBe(0);
    expect(host.calls).toEqual([{ name: "inspectModel", args: ["karlo", {}] }]);
    expect(host.stdout.text.split("\n")).toEqual([
      "karlo: UnCLIPPipeline",
      "",
      "component        class                  parameters    size  weights  status",
      "decoder          UNet2DConditionModel  617,283,945  1.2 GB  F16      ok",
      "prior_scheduler  UnCLIPScheduler                                     ok",
      "total                                  617,283,945  1.2 GB",
      "",
      "can: generate pictures of captions",
      "can: vary pictures",
      "lacks: enlarge what the decoder painted: this model has no upsamplers",
      "",
      "ready to paint",
      "",
    ]);
  });

  it("says of a quantised model which layers are int8, what they cost, and why the others are not", async () => {
    const float = (name: string, error?: number) => ({
      key: `${name}.weight`,
      type: "float" as const,
      reason: error === undefined ? "has 3 channels, too few to gain by it" : "costs too much of the tolerance",
      ...(error !== undefined && { error }),
    });
    const quantization = {
      source: "karlo",
      version: 1 as const,
      calibration: { captions: ["a cube"], steps: 8, seed: 0 },
      tolerance: 0.05,
      networks: [
        {
          component: "decoder",
          error: 0.0312,
          layers: [float("conv_in"), float("a", 0.04), { key: "b.weight", type: "int8" as const, error: 0.01 }],
        },
        { component: "prior", layers: ["1", "2", "3", "4", "5"].map((name) => float(name, 0.1)) },
      ],
    };
    const host = createFakeHost({ report: { ...report, quantization } });
    expect(await run(["inspect", "karlo"], host)).toBe(0);
    expect(host.stdout.text.split("\n").slice(6, 13)).toEqual([
      "",
      "int8: decoder: 1 of 3 layers, error of its output 3.1 %",
      "  in float: conv_in.weight: has 3 channels, too few to gain by it",
      "  in float: a.weight (4 % alone): costs too much of the tolerance",
      "int8: prior: 0 of 5 layers",
      "  in float: 1.weight (10 % alone), 2.weight (10 % alone), 3.weight (10 % alone), 4.weight (10 % alone) and 1 more: costs too much of the tolerance",
      "",
    ]);
  });

  it("passes the model on from which the prior is taken", async () => {
    const host = createFakeHost({ report });
    expect(await run(["inspect", "karlo", "--prior-model", "other"], host)).toBe(0);
    expect(host.calls).toEqual([{ name: "inspectModel", args: ["karlo", { priorModel: "other" }] }]);
  });

  it("names what is missing and exits with 1", async () => {
    const status = "karlo/prior: there is no such folder";
    const prior = { name: "prior", className: "PriorTransformer", status, sizeBytes: 0, parameters: 0, dtypes: [] };
    const host = createFakeHost({ report: { ...report, components: [prior], problems: [status], can: [], lacks: [] } });
    expect(await run(["inspect", "karlo"], host)).toBe(1);
    expect(host.stdout.text).toMatch(/\nprior +PriorTransformer +see below\n/);
    expect(host.stdout.text).toContain(`\nproblem: ${status}\n`);
    expect(host.stdout.text).not.toContain("ready");
  });

  it("prints the report alone with --json", async () => {
    const host = createFakeHost({ report });
    expect(await run(["inspect", "karlo", "--json"], host)).toBe(0);
    expect(JSON.parse(host.stdout.text)).toEqual(report);
  });
});
