import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import type { AddressInfo } from "node:net";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A server of files on this machine.
 * @param roots folders by the first part of the path; "" is what all other paths go to
 * @param pages texts by path, which go first
 * @param headers further ones of every answer */
export async function serve(
  roots: Readonly<Record<string, string>>,
  pages: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://localhost").pathname);
    const type = { ...headers, "content-type": TYPES[extname(path) || ".html"] ?? "application/octet-stream" };
    const page = pages[path];
    if (page !== undefined) return void response.writeHead(200, type).end(page);
    const [, first, ...rest] = path.split("/") as [string, string, ...string[]];
    const root = roots[first];
    const file =
      root === undefined ? join(roots[""] ?? "", normalize(path)) : join(root, normalize(`/${rest.join("/")}`));
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    response.writeHead(200, type);
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
