import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { root } from "./pack.js";
import { installLineOf, stagePages } from "./snippets.js";

const run = promisify(execFile);

/** What a command printed. */
interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty project in a folder of its own, as somebody begins one. */
export interface Project {
  readonly folder: string;
  /** Writes a file, with the folders it lies in. */
  write(path: string, content: string): void;
  /** Runs a command in it.
   * @param cwd another folder
   * @throws Error with all that it printed if it fails */
  run(command: string, args: readonly string[], env?: Record<string, string>, cwd?: string): Promise<Printed>;
}

/** The server from which the script of onnxruntime-node fetches GPU files is out of reach, as it is behind many firewalls. */
const noGpuServer = {
  GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9",
  GLOBAL_AGENT_HTTP_PROXY: "http://127.0.0.1:9",
};

/** Makes an empty project whose packages come from the local registry. */
export function createProject(name: string): Project {
  const folder = join(inject("folder"), "projects", name);
  mkdirSync(folder, { recursive: true });
  const registry = inject("registry")!;
  const home = join(inject("folder"), "home");
  // Nothing of this repository's settings: what pnpm or npm tell the scripts they run begins with npm_.
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD|NODE_|ORT_|ONNX|VITEST|CI$)/i.test(key)),
  );
  const env = {
    ...clean,
    HOME: home,
    npm_config_registry: registry,
    npm_config_cache: join(home, "npm-cache"),
    npm_config_userconfig: join(home, "npmrc"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    npm_config_store_dir: join(home, "pnpm-store"),
    XDG_CACHE_HOME: join(home, "cache"),
    ...noGpuServer,
  };
  mkdirSync(home, { recursive: true });
  return {
    folder,
    write(path, content) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    },
    async run(command, args, more = {}, cwd = folder) {
      try {
        return await run(command, args, { cwd, env: { ...env, ...more }, maxBuffer: 1e8 });
      } catch (error) {
        const { stdout, stderr } = error as Printed;
        throw new Error(`${name}: ${command} ${args.join(" ")}\n${stdout}\n${stderr}`, { cause: error });
      }
    },
  };
}

/** The command of a package manager of the version that this repository uses. */
export function pnpm(...args: string[]): [string, string[]] {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  return ["npx", ["--yes", packageManager, ...args]];
}

/** The folder of a small random model that an example opens by this name. */
export function linkFixture({ folder }: Project): void {
  symlinkSync(join(root, "fixtures/kandinsky-2-2-tiny-decoder"), join(folder, "kandinsky-2-2-decoder"));
}

/** What tests need besides what the pages name. */
const tools = ["esbuild@0.27.7", "typescript@5.9.3", "@types/node@20"];

/** The project, for all tests, into which npm has installed everything that the pages name. */
export async function projectOfAll(): Promise<Project> {
  const project = createProject("npm");
  if (existsSync(join(project.folder, "node_modules"))) return project;
  project.write("package.json", `{ "name": "mine", "private": true }`);
  linkFixture(project);
  const names = new Set([...stagePages, "README.md"].flatMap(installLineOf));
  await project.run("npm", ["install", ...names, ...tools, "--ignore-scripts"]);
  return project;
}
