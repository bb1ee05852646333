import { quote, UnclipError } from "@unclip/tensor";

/** The address of a file; a name in a model's index must not lead to another folder or server.
 * @param base address of the folder, with a slash at its end
 * @throws UnclipError "input" */
export function addressIn(base: URL, path: string): URL {
  const url = URL.canParse(path, base) ? new URL(path, base) : undefined;
  if (url?.href.startsWith(base.href)) return url;
  throw new UnclipError("input", `${base.href}: "${quote(path)}" leads out of the model folder`);
}
