import { spawn, type StdioOptions } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built app. */
const app = fileURLToPath(new URL("../dist/index.js", import.meta.url));

/** How the app ended, and what it wrote. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of `unclip`. */
export interface UnclipOptions {
  /** Called with all that stderr holds so far; what it returns is sent as a signal, once. */
  readonly onStderr?: (stderr: string) => NodeJS.Signals | undefined;
  /** Where stdout and stderr lead; default pipes that this process reads. */
  readonly stdio?: StdioOptions;
  /** Outputs whose reader goes away at once. */
  readonly closed?: readonly ("stdout" | "stderr")[];
  /** Another command line around the app's, such as that of a pseudo-terminal. */
  readonly wrap?: (command: readonly string[]) => string[];
}

/** Runs the built app in `folder`. */
export function unclip(folder: string, args: readonly string[], options: UnclipOptions = {}): Promise<Finished> {
  const { onStderr, stdio = ["ignore", "pipe", "pipe"], closed = [], wrap = (command) => [...command] } = options;
  const [program, ...rest] = wrap([process.execPath, app, ...args]);
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env; // the app sets it, not its tests
  const child = spawn(program!, rest, { cwd: folder, env, stdio });
  const text = { stdout: "", stderr: "" };
  let wasSent = false;
  for (const name of ["stdout", "stderr"] as const) {
    if (closed.includes(name)) child[name]?.destroy();
    child[name]?.on("data", (bytes) => {
      text[name] += String(bytes);
      const signal = wasSent || name === "stdout" ? undefined : onStderr?.(text.stderr);
      if (signal === undefined) return;
      wasSent = true;
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...text }));
  });
}
