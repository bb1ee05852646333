/** The folder of the shipped model, in the layout of diffusers' UnCLIPPipeline. */
export const toybox: URL = new URL("../model/", import.meta.url);
