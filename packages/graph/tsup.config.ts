import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

/* The core packages are to be 1 MB together. The largest of them goes without the spaces and comments of its sources, in lines that fit a terminal, as
 * Node prints the line of an error that nobody catches. */
export default defineConfig({
  ...shared,
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.lineLimit = 160;
  },
});
