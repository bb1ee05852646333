import js from "@eslint/js";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";

/** The architecture: what each package may import from the others. Any other import of a workspace package is an error. */
const ground = ["@unclip/tensor"];
const network = ["@unclip/runtime", "@unclip/graph", ...ground];
const diffusion = [...network, "@unclip/sampler"];
const stages = ["@unclip/clip", "@unclip/prior", "@unclip/decoder", "@unclip/autoencoder", "@unclip/upsampler"];
const arrows = {
  "packages/tensor": [],
  "packages/sampler": ground,
  "packages/graph": ground,
  "packages/hub": ground,
  "packages/runtime": ["@unclip/graph", "@unclip/hub", ...ground],
  "packages/clip": network,
  "packages/prior": diffusion,
  "packages/decoder": diffusion,
  "packages/autoencoder": network,
  "packages/upsampler": diffusion,
  "packages/evaluation": diffusion,
  "packages/toybox": [],
  "packages/unclip": [...stages, ...diffusion, "@unclip/toybox"],
  "packages/ai-sdk": ["unclip"],
  "apps/cli": ["unclip", "@unclip/evaluation"],
  "apps/web": ["unclip"],
  bench: ["unclip", ...stages, ...diffusion],
};

/** Everything in src of `dir` may import only the workspace packages in `allowed`, by name, and never reach into another package's files. */
function arrowsOf(dir, allowed) {
  const scoped = allowed.filter((name) => name.startsWith("@unclip/")).map((name) => name.replace("@unclip/", ""));
  const others = scoped.length === 0 ? "@unclip/" : `@unclip/(?!(${scoped.join("|")})(/|$))`;
  const forbidden = allowed.includes("unclip") ? `^${others}` : `^(${others}|unclip$)`;
  return {
    files: [`${dir}/src/**/*.{ts,tsx}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: forbidden,
              message: `${dir} may import ${allowed.join(", ") || "no workspace package"}: see the arrows in eslint.config.js.`,
            },
            { regex: "^\\.\\./.*/(src|dist)/", message: "Import another package by its name." },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/.turbo/**",
      "packages/toybox/model/**",
      "fixtures/**",
      "training/**",
      "**/site/pages/**",
      "pages/**",
      "**/.vitepress/{cache,dist}/**",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    basePath: dirname(fileURLToPath(import.meta.url)),
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
      "max-depth": ["error", 3],
      "max-params": ["error", 5],
    },
  },
  {
    files: ["**/test/**", "outside/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='toMatchObject'] Property > Literal[regex]",
          message: "toMatchObject holds nothing to a bare regular expression: use expect.stringMatching.",
        },
      ],
    },
  },
  {
    files: ["scripts/**", "examples/**", "packages/toybox/list-files.mjs", "apps/cli/src/**"],
    rules: { "no-console": "off" },
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  ...Object.entries(arrows).map(([dir, allowed]) => arrowsOf(dir, allowed)),
);
