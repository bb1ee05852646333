import { createHash } from "node:crypto";
import process from "node:process";

/* For `npm run mutate -- <package> --sample 0.2`: lets through a share of the mutants, each with the same chance, the same ones in every run.
 * Those left out are reported as "compile errors", which no score counts. */

const share = Number(process.env.UNCLIP_MUTATE_SAMPLE ?? 1);

/** A number in [0, 1) that depends on the mutant alone. */
function chanceOf({ fileName, location: { start, end }, replacement }) {
  const file = fileName.replaceAll("\\", "/").replace(/^.*\/(packages|apps)\//, "");
  const identity = JSON.stringify([file, start.line, start.column, end.line, end.column, replacement]);
  return createHash("sha256").update(identity).digest().readUInt32BE(0) / 2 ** 32;
}

class SampleChecker {
  async init() {}

  async check(mutants) {
    const result = (mutant) =>
      chanceOf(mutant) < share ? { status: "passed" } : { status: "compileError", reason: "not in the sample" };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, result(mutant)]));
  }
}

export const strykerPlugins = [{ kind: "Checker", name: "sample", injectableClass: SampleChecker }];
