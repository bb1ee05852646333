export { quantizeModel, type QuantizedModel, type QuantizeOptions } from "./quantize-model.js";
