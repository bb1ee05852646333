import { Shapes } from "../parts/shapes.js";

/** What a tool says while it has nothing to work on.
 * @param does what the tool does
 * @param needs what the visitor must do first */
export function NeedsPicture({
  does,
  needs = "Choose a picture of your material to begin.",
}: {
  readonly does: string;
  readonly needs?: string;
}) {
  return (
    <div class="welcome">
      <Shapes />
      <h3>{does}</h3>
      <p>{needs}</p>
    </div>
  );
}
