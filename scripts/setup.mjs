import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** What the last set-up was made from: `install` and `build` are hashes. */
const stampFile = join(root, "node_modules", ".unclip-setup");

const minimumNode = [20, 19];

/** Ends the process with one sentence if this Node is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  fail(
    `unclip needs Node ${minimumNode.join(".")} or newer, this is ${process.versions.node}; get one from https://nodejs.org`,
  );
}

/** Installs the dependencies if they are missing or older than the manifests and the lockfile. */
export async function install() {
  const hash = hashOf([
    process.platform,
    process.arch,
    ...manifests().map((path) => path + readFileSync(join(root, path), "utf8")),
  ]);
  const isComplete = packageFolders().every(
    (folder) => !hasDependencies(folder) || existsSync(join(root, folder, "node_modules")),
  );
  if (readStamp().install === hash && isComplete) return;
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip" }; // its install script would fetch GPU providers
  await quietly("installing dependencies", pnpm("install", "--frozen-lockfile"), env);
  writeStamp({ install: hash });
}

/** Builds the command line app and the packages below it if a source is newer than the last build. */
export async function buildCli() {
  const isBuilt = closureOf("apps/cli").every(
    (folder) => !hasIndex(folder) || existsSync(join(root, folder, "dist/index.js")),
  );
  const hash = sourceHash();
  if (isBuilt && readStamp().build === hash) return;
  // Types are for those who install the packages: the demo starts sooner without them.
  await quietly("building", turbo("build", "--filter=@unclip/cli", "--output-logs=errors-only", "--", "--no-dts"));
  noteBuild(hash);
}

/** Builds the web page and the packages below it: quick where nothing has changed. */
export async function buildWeb() {
  await quietly("building", turbo("build", "--filter=unclip", "--output-logs=errors-only", "--", "--no-dts"));
  await quietly("building the page", pnpm("--filter", "@unclip/web", "run", "build"));
}

/** Builds the documentation as a site. */
export async function buildSite() {
  await quietly("building the site", pnpm("--filter", "@unclip/site", "run", "site"));
}

/** Notes which sources the last build was made from. */
export function noteBuild(hash) {
  writeStamp({ build: hash });
}

/** Changes with every source that the command line app is built from. */
export function sourceHash() {
  const shared = ["tsup.config.ts", "tsconfig.base.json"].map((name) => join(root, name));
  return hashOf([...closureOf("apps/cli").flatMap(filesOf), ...shared].map(stateOf));
}

/** Bundles the benchmark's commands with the packages they measure. Takes a second, so it is done every time. */
export async function buildBench() {
  await quietly("building", pnpm("--filter", "@unclip/bench", "run", "build"));
}

/** A pnpm command of the version that package.json names. npx brings it to machines that have npm alone. */
export function pnpm(...args) {
  const { packageManager } = readJson("package.json");
  return ["npx", "--yes", packageManager, ...args];
}

/** A turbo command. Through pnpm, because turbo looks for the package manager in PATH. */
export function turbo(...args) {
  return pnpm("exec", "turbo", "run", ...args);
}

/** Variables that keep turbo from talking: no telemetry, no news of updates. */
export const turboEnv = { TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", DO_NOT_TRACK: "1" };

/** Starts a command in the root. On Windows npx is a batch file, which only a shell runs. */
export function start([command, ...args], { env = {}, stdio }) {
  return spawn(command, args, {
    cwd: root,
    stdio,
    env: { ...process.env, ...turboEnv, ...env },
    shell: process.platform === "win32",
  });
}

/** One sentence on stderr, and exit code 1. */
export function fail(sentence) {
  process.stderr.write(`error: ${sentence}\n`);
  process.exit(1);
}

/** Runs a command behind one line on stderr; shows what it printed only if it fails. */
async function quietly(title, command, env) {
  const started = performance.now();
  process.stderr.write(`${title} ... `);
  const child = start(command, { env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = [];
  child.stdout.on("data", (bytes) => printed.push(bytes));
  child.stderr.on("data", (bytes) => printed.push(bytes));
  const code = await exitCodeOf(child);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(code === 0 ? `${seconds} s\n` : "failed\n");
  if (code === 0) return;
  process.stderr.write(Buffer.concat(printed));
  fail(`${title} failed with exit code ${code}: ${command.join(" ")}`);
}

/** The exit code of a child process; 1 if it could not start or a signal ended it. */
export function exitCodeOf(child) {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** The folders of all workspace packages, relative to the root. */
export function packageFolders() {
  const grouped = ["packages", "apps"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  return [...grouped, "bench", "examples", "outside", "site"].filter((folder) =>
    existsSync(join(root, folder, "package.json")),
  );
}

function manifests() {
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"];
  return [...files, ...packageFolders().map((folder) => `${folder}/package.json`)];
}

/** A package's folder and those of the workspace packages that it needs. */
function closureOf(folder) {
  const folderOf = new Map(packageFolders().map((path) => [readJson(`${path}/package.json`).name, path]));
  const found = new Set([folder]);
  for (const path of found) {
    const names = Object.keys(readJson(`${path}/package.json`).dependencies ?? {});
    for (const name of names) if (folderOf.has(name)) found.add(folderOf.get(name));
  }
  return [...found];
}

function hasDependencies(folder) {
  const { dependencies = {}, devDependencies = {} } = readJson(`${folder}/package.json`);
  return Object.keys({ ...dependencies, ...devDependencies }).length > 0;
}

function hasIndex(folder) {
  return existsSync(join(root, folder, "src", "index.ts"));
}

/** What a package is built from. */
function filesOf(folder) {
  const sources = readdirSync(join(root, folder, "src"), { recursive: true, withFileTypes: true });
  const paths = sources
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const own = readdirSync(join(root, folder)).filter((name) => /^(package|tsconfig)\.json$|\.config\.ts$/.test(name));
  return [...paths, ...own.map((name) => join(root, folder, name))].sort();
}

function stateOf(path) {
  const { size, mtimeMs } = statSync(path);
  return `${path} ${size} ${mtimeMs}`;
}

function hashOf(parts) {
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function readStamp() {
  return existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
}

function writeStamp(entries) {
  writeFileSync(stampFile, JSON.stringify({ ...readStamp(), ...entries }));
}
