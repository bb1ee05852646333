import { describe, expect, it } from "vitest";
import { displayOf } from "../src/terminal.js";

const terminal = { isTTY: true };
const pipe = { isTTY: false };

describe("displayOf", () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ["any terminal", { TERM: "xterm-256color" }, "blocks"],
    ["Kitty", { TERM: "xterm-kitty", KITTY_WINDOW_ID: "1" }, "kitty"],
    ["Ghostty", { TERM: "xterm-ghostty", TERM_PROGRAM: "ghostty" }, "kitty"],
    ["iTerm2", { TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app" }, "iterm2"],
    ["iTerm2 over ssh", { TERM: "xterm-256color", LC_TERMINAL: "iTerm2" }, "iterm2"],
    ["WezTerm", { TERM: "xterm-256color", TERM_PROGRAM: "WezTerm" }, "iterm2"],
    ["tmux in Kitty", { TERM: "tmux-256color", TMUX: "/tmp/x", KITTY_WINDOW_ID: "1" }, "blocks"],
    ["Apple's Terminal", { TERM: "xterm-256color", TERM_PROGRAM: "Apple_Terminal" }, "blocks-256"],
    ["FORCE_COLOR=2", { TERM: "xterm", FORCE_COLOR: "2" }, "blocks-256"],
    ["NO_COLOR", { TERM: "xterm-kitty", NO_COLOR: "1" }, undefined],
    ["an empty NO_COLOR", { TERM: "xterm", NO_COLOR: "" }, "blocks"],
    ["FORCE_COLOR=0", { TERM: "xterm", FORCE_COLOR: "0" }, undefined],
    ["a dumb terminal", { TERM: "dumb" }, undefined],
  ])("shows pictures on a terminal: %s", (_name, env, pictures) => {
    const display = displayOf(terminal, env);
    expect(display.pictures).toBe(pictures);
    expect(display.hasColor).toBe(pictures !== undefined);
    expect(display.isLive).toBe(env.TERM !== "dumb");
  });

  it("leaves a pipe plain", () => {
    expect(displayOf(pipe, { KITTY_WINDOW_ID: "1" })).toEqual({ isLive: false, hasColor: false, pictures: undefined });
  });

  it("shows half-blocks in a pipe when FORCE_COLOR asks, against NO_COLOR too", () => {
    const env = { FORCE_COLOR: "1", NO_COLOR: "1", TERM_PROGRAM: "iTerm.app" };
    expect(displayOf(pipe, env)).toEqual({ isLive: false, hasColor: true, pictures: "blocks" });
  });
});
