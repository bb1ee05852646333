import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

/** Reports are apart: whoever only measures loads no plotting library. */
export default defineConfig({ ...shared, entry: ["src/index.ts", "src/report.ts"] });
