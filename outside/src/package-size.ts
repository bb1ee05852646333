import { execFileSync } from "node:child_process";

/** Bytes of a packed package's files where it is installed. */
export function sizeOf(path: string): number {
  const lines = execFileSync("tar", ["-tvzf", path], { encoding: "utf8" }).trim().split("\n");
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
}
