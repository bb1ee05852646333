/** The pages of the site: what they are called there, by their files in the repository. Their order is that of the side bar. */
export const sections = [
  {
    title: "Begin",
    pages: {
      "docs/start.md": ["start", "Start in five minutes"],
      "docs/how-it-works.md": ["how-it-works", "How unCLIP works"],
      "examples/README.md": ["examples", "Examples"],
      "docs/not-supported.md": ["not-supported", "What is not supported"],
    },
  },
  {
    title: "Packages",
    pages: {
      "packages/unclip/README.md": ["packages/unclip", "unclip"],
      "packages/clip/README.md": ["packages/clip", "CLIP"],
      "packages/prior/README.md": ["packages/prior", "Prior"],
      "packages/decoder/README.md": ["packages/decoder", "Decoder"],
      "packages/autoencoder/README.md": ["packages/autoencoder", "Autoencoder"],
      "packages/upsampler/README.md": ["packages/upsampler", "Upsampler"],
      "packages/sampler/README.md": ["packages/sampler", "Samplers"],
      "packages/tensor/README.md": ["packages/tensor", "Tensor"],
      "packages/graph/README.md": ["packages/graph", "Graph"],
      "packages/runtime/README.md": ["packages/runtime", "Runtime"],
      "packages/hub/README.md": ["packages/hub", "Hub"],
      "packages/evaluation/README.md": ["packages/evaluation", "Evaluation"],
      "packages/ai-sdk/README.md": ["packages/ai-sdk", "AI SDK"],
      "packages/toybox/README.md": ["packages/toybox", "Toybox"],
      "packages/toybox/model-card.md": ["packages/toybox-model-card", "Toybox: model card"],
      "apps/cli/README.md": ["packages/cli", "Command line"],
      "apps/web/README.md": ["packages/web", "The web page"],
    },
  },
  {
    title: "Families",
    pages: {
      "docs/models.md": ["models", "Models that open"],
      "docs/quantize.md": ["quantize", "int8"],
      "docs/devices.md": ["devices", "Devices"],
      "docs/families/karlo.md": ["families/karlo", "Karlo"],
      "docs/kandinsky.md": ["families/kandinsky", "Kandinsky"],
      "docs/families/stable-unclip.md": ["families/stable-unclip", "Stable unCLIP"],
    },
  },
  {
    title: "Manipulations",
    pages: {
      "docs/manipulations/README.md": ["manipulations/index", "All of them"],
      "docs/manipulations/variations.md": ["manipulations/variations", "Variations"],
      "docs/manipulations/interpolation.md": ["manipulations/interpolation", "Interpolation"],
      "docs/manipulations/text-diffs.md": ["manipulations/text-diffs", "Text diffs"],
      "docs/manipulations/components.md": ["manipulations/components", "Components"],
      "docs/manipulations/conditioning.md": ["manipulations/conditioning", "Conditioning"],
      "docs/manipulations/priors.md": ["manipulations/priors", "Priors"],
      "docs/manipulations/inversion.md": ["manipulations/inversion", "Inversion"],
      "docs/manipulations/image-to-image.md": ["manipulations/image-to-image", "Image to image, inpainting"],
    },
  },
  {
    title: "Recipes",
    pages: {
      "docs/recipes/web-page.md": ["recipes/web-page", "A web page"],
      "docs/recipes/server.md": ["recipes/server", "A server"],
      "docs/recipes/own-prior.md": ["recipes/own-prior", "A prior of your own"],
    },
  },
  {
    title: "Measured",
    pages: {
      "docs/choices.md": ["choices", "Sampler, steps and guidance"],
      "docs/studies/README.md": ["studies/index", "Studies"],
      "docs/benchmarks.md": ["benchmarks", "Benchmarks"],
      "docs/testing.md": ["testing", "How it is tested"],
      "training/README.md": ["training", "How toybox was trained"],
    },
  },
  {
    title: "Project",
    pages: {
      "CONTRIBUTING.md": ["contributing", "Contributing"],
      "SECURITY.md": ["security", "Security"],
    },
  },
];

/** Where the repository is served. */
export const repository = "https://github.com/unclip-js/unclip";

/** Packages whose docstrings make the reference. */
export const referenced = [
  "unclip",
  "clip",
  "prior",
  "decoder",
  "autoencoder",
  "upsampler",
  "sampler",
  "tensor",
  "graph",
  "runtime",
  "hub",
  "evaluation",
  "ai-sdk",
];
