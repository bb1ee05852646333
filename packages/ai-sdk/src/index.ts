export { unclip, type UnclipImageModel, type UnclipModelOptions } from "./unclip.js";
