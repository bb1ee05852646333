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
