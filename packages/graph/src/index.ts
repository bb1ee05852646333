export {
  createGraphBuilder,
  type Graph,
  type GraphBuilder,
  type GraphBuilderOptions,
  type Int8Range,
  type Int8Weight,
  type Layer,
  type LayerUse,
  type NodeOptions,
  type Operation,
  type Value,
} from "./builder.js";
export {
  checkDifferences,
  createCheckpoint,
  type Checkpoint,
  type Weight,
  type WeightDifferences,
} from "./checkpoint.js";
export type { ConvOptions } from "./conv-shape.js";
export {
  conv2d,
  groupNorm,
  layerNorm,
  linear,
  skipLayerNorm,
  timestepEmbedding,
  timestepNetwork,
} from "./layers/basic.js";
export { hasInt8Layers } from "./int8.js";
export { int8Conv, int8Linear } from "./layers/int8.js";
export { causalMask, maskBias, transformerBlock, type TransformerBlockOptions } from "./layers/transformer.js";
export { transformerAttentionBlock, type TransformerAttention } from "./layers/transformer-attention.js";
export {
  addedAttentionBlock,
  downsampleBlock,
  residualBlock,
  upsampleBlock,
  upsampleConv,
  type CrossAttention,
  type UnetBlockOptions,
} from "./layers/unet-blocks.js";
export { unet, type DeepFeatures, type UnetOptions } from "./layers/unet.js";
export { winogradConv } from "./layers/winograd.js";
export { observeLayers, type Observed, type ObservedGraph } from "./observe-layers.js";
export {
  encodeModel,
  type Attribute,
  type Dim,
  type Dims,
  type ElementType,
  type ModelRecord,
  type PortRecord,
} from "./onnx.js";
export * from "./ops.js";
export { parseSafetensorsHeader, readSafetensors } from "./safetensors.js";
export {
  layerScales,
  quantizeLayer,
  roundWeights,
  type LayerRange,
  type LayerScales,
  type QuantizedLayer,
} from "./quantize-layer.js";
export { readTorchFile } from "./torch/torch-file.js";
export { CHOICE, tryLayers, type Candidate } from "./try-layers.js";
export { encodeSafetensorsHeader, type TensorHeader } from "./write-safetensors.js";
export type { WeightEntry, WeightFile, WeightType } from "./weight-entry.js";
