import { spawnSync } from "node:child_process";

/** A command that runs another in a pseudo-terminal, whose output it copies to stdout. */
export type PseudoTerminal = (command: readonly string[]) => string[];

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

const PYTHON = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** The pseudo-terminal of this machine: of `script` (util-linux) or of Python; undefined where neither is installed. */
export function findPseudoTerminal(): PseudoTerminal | undefined {
  const script = spawnSync("script", ["--version"], { encoding: "utf8" });
  if (script.stdout?.includes("util-linux")) {
    return (command) => ["script", "-qec", command.map(quoted).join(" "), "/dev/null"];
  }
  const python = spawnSync("python3", ["-c", "import pty"]);
  return python.status === 0 ? (command) => ["python3", "-c", PYTHON, ...command] : undefined;
}
