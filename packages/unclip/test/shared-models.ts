import { loadUnclip, type Unclip } from "unclip";
import { afterAll } from "vitest";

/** Opens models for the tests of a file: each when a test first asks for it, all given back after the last. */
export function sharedModels(): (source: string) => Promise<Unclip> {
  const models = new Map<string, Promise<Unclip>>();
  afterAll(async () => {
    for (const model of models.values()) await (await model).dispose();
  });
  return (source) => {
    const model = models.get(source) ?? loadUnclip(source);
    models.set(source, model);
    return model;
  };
}
