import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { runServer } from "verdaccio";

/** A registry on this machine. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a registry with some packages of its own, which asks the public one for all others.
 * @param folder where it keeps them
 * @param tarballs what is published to it
 * @returns undefined if the public registry cannot be reached */
export async function startRegistry(folder: string, tarballs: readonly string[]): Promise<Registry | undefined> {
  const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const answer = await fetch(new URL("onnxruntime-common", upstream), { signal: AbortSignal.timeout(20_000) }).catch(
    () => undefined,
  );
  if (answer?.ok !== true) return undefined;
  mkdirSync(folder, { recursive: true });
  const ours = { access: "$all", publish: "$all", unpublish: "$all" };
  const server = (await runServer({
    self_path: folder,
    storage: join(folder, "storage"),
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: -1 } },
    uplinks: { public: { url: upstream, cache: true, maxage: "60m", timeout: "120s" } },
    packages: { unclip: ours, "@unclip/*": ours, "**": { access: "$all", proxy: "public" } },
    max_body_size: "100mb",
    log: { type: "stdout", format: "pretty", level: "fatal" },
  } as never)) as Server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const userConfig = join(folder, "npmrc");
  writeFileSync(userConfig, `//${new URL(url).host}/:_authToken=anyone\n`);
  for (const tarball of tarballs) {
    // The server lives in this process: waiting for npm must not block it.
    // The address is an argument, because npm_config_registry, which pnpm sets for its scripts, goes before the file.
    const args = ["publish", "--provenance=false", "--registry", url, "--userconfig", userConfig, tarball];
    await promisify(execFile)("npm", args, { cwd: folder });
  }
  return { url, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
