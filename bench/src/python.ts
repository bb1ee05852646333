import { spawnSync } from "node:child_process";

/** Whether a Python can run the other side. */
export type PythonState = { readonly python: string } | { readonly missing: string };

/** Asks `python` for what measure.py imports. */
export function findPython(python: string): PythonState {
  const { status, stderr, error } = spawnSync(python, ["-c", "import torch, diffusers, transformers, safetensors"], {
    encoding: "utf8",
  });
  if (status === 0) return { python };
  return { missing: error?.message ?? stderr.trim().split("\n").at(-1) ?? `${python} failed` };
}
