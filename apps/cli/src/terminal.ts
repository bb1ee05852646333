import type { Output, Host } from "./host.js";

/** How a terminal shows a picture: the graphics protocols of Kitty and of iTerm2, or half-block characters in 24-bit or
 * in 256 colours. */
export type PictureProtocol = "kitty" | "iterm2" | "blocks" | "blocks-256";

/** What an output can show. */
export interface Display {
  /** Whether what was written can be overwritten. */
  readonly isLive: boolean;
  readonly hasColor: boolean;
  /** Absent where pictures cannot be shown. */
  readonly pictures?: PictureProtocol;
}

/** What `output` can show. FORCE_COLOR and NO_COLOR decide about colour, in this order, as in Node; without colour there are no pictures. */
export function displayOf(output: Pick<Output, "isTTY">, env: Host["env"]): Display {
  const isTerminal = output.isTTY === true && env.TERM !== "dumb";
  const hasColor = wantsColor(env) ?? isTerminal;
  return { isLive: isTerminal, hasColor, pictures: hasColor ? protocolOf(env, isTerminal) : undefined };
}

function wantsColor({ FORCE_COLOR, NO_COLOR }: Host["env"]): boolean | undefined {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return NO_COLOR === undefined || NO_COLOR === "" ? undefined : false;
}

/** Terminals of the iTerm2 protocol, by TERM_PROGRAM. */
const iterm2Programs = ["iTerm.app", "WezTerm", "mintty"];

function protocolOf(env: Host["env"], isTerminal: boolean): PictureProtocol {
  const { TERM = "", TERM_PROGRAM = "" } = env;
  const isMultiplexed = env.TMUX !== undefined || /^(screen|tmux)/.test(TERM); // these keep graphics from the terminal behind them
  if (isTerminal && !isMultiplexed) {
    if (env.KITTY_WINDOW_ID !== undefined || /kitty|ghostty/.test(TERM) || TERM_PROGRAM === "ghostty") return "kitty";
    if (iterm2Programs.includes(TERM_PROGRAM) || env.LC_TERMINAL === "iTerm2") return "iterm2";
  }
  const hasOnly256 = env.FORCE_COLOR === "2" || (TERM_PROGRAM === "Apple_Terminal" && env.COLORTERM === undefined);
  return hasOnly256 ? "blocks-256" : "blocks";
}
