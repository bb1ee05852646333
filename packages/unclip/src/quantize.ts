export { quantizeModel, type QuantizedModel, type QuantizeOptions } from "./quantize/quantize-model.js";
export { quantizeOnce, type QuantizeOnceOptions } from "./quantize/quantize-once.js";
export type { LayerDecision, NetworkDecision, Quantization } from "./quantization.js";
