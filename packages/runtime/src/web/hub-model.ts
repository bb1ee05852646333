import { resolveModel, type HubModel, type HubOptions, type SelectFiles } from "@unclip/hub/web";
import type { BlobFolder } from "../model-folder.js";
import { openModelFolder } from "./blob-folder.js";

/** Options of {@link openHubModel}. */
export interface OpenHubModelOptions extends HubOptions {
  /** Not called: each file is fetched when it is first needed. */
  readonly files?: SelectFiles;
}

/** Opens a public model of the hub. Each file is fetched once, when it is first needed.
 * @param source "owner/name" or "owner/name@revision"
 * @throws UnclipError "input" for an option that browsers do not have, "download" if there is no such model */
export async function openHubModel(source: string, options: OpenHubModelOptions = {}): Promise<BlobFolder & HubModel> {
  const { url, ...model } = await resolveModel(source, options);
  return { ...(await openModelFolder(url, { ...options, name: source, isFinal: true })), ...model };
}
