import { defineConfig } from "tsup";
import shared, { dense } from "../../tsup.config.js";

export default defineConfig({ ...shared, ...dense });
