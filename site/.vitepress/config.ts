import { defineConfig } from "vitepress";
import { referenced, repository, sections } from "../pages.mjs";

/** The site needs no other server: fonts and search index are its own. */
export default defineConfig({
  title: "unclip",
  description: "unCLIP (DALL-E 2) in TypeScript: a caption becomes a picture",
  lang: "en",
  srcDir: "pages",
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/icon.svg" }]],
  markdown: { theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } },
  themeConfig: {
    logo: "/icon.svg",
    search: { provider: "local" },
    nav: [
      { text: "Start", link: "/start" },
      { text: "Packages", link: "/packages/unclip" },
      { text: "Manipulations", link: "/manipulations/" },
      { text: "Reference", link: "/reference/" },
    ],
    sidebar: [
      ...sections.map(({ title, pages }) => ({
        text: title,
        items: Object.values(pages).map(([page, text]) => ({ text, link: `/${page.replace(/index$/, "")}` })),
      })),
      {
        text: "Reference",
        items: referenced.map((name) => ({
          text: name === "unclip" ? name : `@unclip/${name}`,
          link: `/reference/${name}`,
        })),
      },
    ],
    socialLinks: [{ icon: "github", link: repository }],
    outline: [2, 3],
  },
});
