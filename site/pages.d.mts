/** Sections of the side bar; pages are [path, title] by their files. */
export const sections: readonly {
  readonly title: string;
  readonly pages: Readonly<Record<string, [string, string]>>;
}[];
export const repository: string;
export const referenced: readonly string[];
