import type { CaptionToken } from "unclip/worker";

/** A caption's tokens with their ids. */
export function TokenList({ tokens }: { readonly tokens: readonly CaptionToken[] }) {
  return (
    <ol class="tokens" aria-label="Tokens">
      {tokens.map(({ id, text }, i) => (
        <li key={i} class={/^<.*>$/.test(text) ? "special" : undefined}>
          <b>{text.replace(/^<\|(.*)\|>$/, "$1")}</b>
          <small>{id}</small>
        </li>
      ))}
    </ol>
  );
}
