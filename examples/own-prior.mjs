/* A prior of one's own over one's own embeddings: a caption gets the mean of the pictures that CLIP sees nearest to it, each weighted by how
 * near it is. Here the collection is painted first; yours may be photographs, or rows of a vector database.
 *
 *   node own-prior.mjs "a red ring" */
import { writeFile } from "node:fs/promises";
import { cosineSimilarity, encodePng, loadUnclip, valuesOf, weightedMean } from "unclip";

const [caption = "a red ring"] = process.argv.slice(2);
const collection = ["a red cube", "a red sphere", "a blue ring", "a yellow ring", "a green cone", "a white cylinder"];

const unclip = await loadUnclip();
const { images } = await unclip.generate(collection, { seed: 1, upsamplers: 0 });
const embeddings = await unclip.stages.imageEncoder.embed(images); // [6, D]

const nearest = {
  name: "nearest pictures",
  async embed({ textEmbedding }) {
    const weights = [...valuesOf(cosineSimilarity(textEmbedding, embeddings))].map((cosine) => Math.exp(20 * cosine));
    return weightedMean(embeddings, weights);
  },
};

const { images: painted } = await unclip.generate(caption, { seed: 7, prior: nearest, upsamplers: 1 });
await writeFile("own-prior.png", await encodePng(painted[0]));
console.log("own-prior.png");
await unclip.dispose();
