import { isCommit } from "../model-id.js";
import { requestJson, unexpectedAnswer } from "./request-json.js";
import type { HubSettings } from "./settings.js";

/** The commit that the revision stands for now.
 * @throws UnclipError "download" if there is no such model or revision, or the hub cannot be reached */
export async function resolveCommit(settings: HubSettings): Promise<string> {
  const { endpoint, id, revision } = settings;
  const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const { json } = await requestJson(settings, url);
  const { sha } = (json ?? {}) as { sha?: unknown };
  if (isCommit(sha)) return sha;
  throw unexpectedAnswer(settings, url);
}
