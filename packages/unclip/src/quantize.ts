export { quantizeModel, type QuantizedModel, type QuantizeOptions } from "./quantize/quantize-model.js";
export type { LayerDecision, NetworkDecision, Quantization } from "./quantization.js";
