/** The folder of the shipped model, in the layout of diffusers' UnCLIPPipeline. */
export const toyboxUrl: URL = new URL("../model/", import.meta.url);
