/** What a tool says while it has nothing to work on. */
export function NeedsPicture({ what = "Choose a picture of your material to begin." }: { readonly what?: string }) {
  return <p class="blank">{what}</p>;
}
