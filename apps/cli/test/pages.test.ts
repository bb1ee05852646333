import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { temporaryFolder } from "../../../test-support/folders.js";
import { createFakeHost } from "./fake-host.js";

/* What pages tell to type is what the commands understand. Their pictures and models need not be there: that is found later than a wrong option. */

const root = fileURLToPath(new URL("../../../", import.meta.url));
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** The words of a line as a shell gives them; what stands behind # is none. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/"([^"]*)"|(#.*$)|(\S+)/g)];
  return words.flatMap(([, quoted, comment, plain]) => (comment === undefined ? [(quoted ?? plain)!] : []));
}

/** Commands of unclip in the shell's blocks of a page, but for studies, which take minutes: each has a test of its own. */
function commandsOn(page: string): string[] {
  const blocks = readFileSync(join(root, page), "utf8").matchAll(/^```sh\n([\s\S]*?)^```/gm);
  return [...blocks]
    .flatMap(([, block]) => block!.replaceAll(/\\\n\s*/g, "").split("\n"))
    .flatMap((line) => /^(?:npx )?(?:npm run -s )?unclip (?:-- )?(.*)/.exec(line)?.slice(1) ?? [])
    .filter((command) => !command.startsWith("evaluate"));
}

const commands = ["README.md", "apps/cli/README.md", ...docs].flatMap((page) =>
  commandsOn(page).map((command) => ({ page, command })),
);

describe("commands on the pages", () => {
  const home = process.cwd();

  afterEach(() => process.chdir(home));

  it("are found", () => expect(commands.length).toBeGreaterThan(40));

  it.each(commands)("$page: unclip $command", async ({ command }) => {
    process.chdir(await temporaryFolder()); // a command may write files
    const host = createFakeHost();
    await run(wordsOf(command), host);
    expect(host.stderr.text).not.toMatch(/--help lists what there is/);
  });
});
