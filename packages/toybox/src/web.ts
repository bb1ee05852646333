/** A file of the shipped model. */
export interface ToyboxFile {
  /** Path in the folder of the model, for example "decoder/config.json". */
  readonly path: string;
  readonly sizeBytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** Where it is served: bundlers copy the file and put its new address here. */
  readonly url: URL;
}

/** The files of the shipped model, in the layout of diffusers' UnCLIPPipeline. `node list-files.mjs` writes this list. */
export const toybox: readonly ToyboxFile[] = /* @__PURE__ */ (() => [
  {
    path: "decoder/config.json",
    sizeBytes: 1776,
    sha256: "54019be791c2512c38ee9ae1c64281b0499ce71f84282b7d8d4b6e3b03570c12",
    url: new URL("../model/decoder/config.json", import.meta.url),
  },
  {
    path: "decoder/diffusion_pytorch_model.safetensors",
    sizeBytes: 6817836,
    sha256: "21bbf5b00389736bd92cac1bf2be2f8ff33244c7c1385538f0804902b2fcd7ac",
    url: new URL("../model/decoder/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "decoder_scheduler/scheduler_config.json",
    sizeBytes: 262,
    sha256: "ae73adfd81a4689dff5e662ca8af393d418c44491204dd15749a347220afba94",
    url: new URL("../model/decoder_scheduler/scheduler_config.json", import.meta.url),
  },
  {
    path: "feature_extractor/preprocessor_config.json",
    sizeBytes: 428,
    sha256: "13d01e6c4179e1e0b42a7c1773470a3eeef145d183700cbb9986a60aad169484",
    url: new URL("../model/feature_extractor/preprocessor_config.json", import.meta.url),
  },
  {
    path: "image_encoder/config.json",
    sizeBytes: 492,
    sha256: "c025da222a70ecdca1e2f39221c39c9453e2dcdfcd59b9ac237987c27b17d201",
    url: new URL("../model/image_encoder/config.json", import.meta.url),
  },
  {
    path: "image_encoder/model.safetensors",
    sizeBytes: 1657352,
    sha256: "d3564997eb605196d509582f7ecb7ee1c28d29112d88f20cee42e5d711fce853",
    url: new URL("../model/image_encoder/model.safetensors", import.meta.url),
  },
  {
    path: "model_index.json",
    sizeBytes: 1097,
    sha256: "27c65746413a08dd25cf2f93a39c6b0c7a0772486c26913bbcecb7a1e0d2b142",
    url: new URL("../model/model_index.json", import.meta.url),
  },
  {
    path: "prior/config.json",
    sizeBytes: 482,
    sha256: "42052edbf2121ad8fc0be031987c8c2b2afe21ed4119af2687531ae0dfa5538b",
    url: new URL("../model/prior/config.json", import.meta.url),
  },
  {
    path: "prior/diffusion_pytorch_model.safetensors",
    sizeBytes: 2763512,
    sha256: "99d1db5bfe147ace693972af6ba90fcb2850ada95b55e91501419f51631df707",
    url: new URL("../model/prior/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "prior_autoregressive/config.json",
    sizeBytes: 691,
    sha256: "9b7fac8c58f190a1682f45783a071ddc37fc135debb3007bbff55fd20636e58e",
    url: new URL("../model/prior_autoregressive/config.json", import.meta.url),
  },
  {
    path: "prior_autoregressive/model.safetensors",
    sizeBytes: 1832472,
    sha256: "eccfd8a0ee2d6777416926f82f9d40a5053e2f477bb972b764535d6cdc6c76a2",
    url: new URL("../model/prior_autoregressive/model.safetensors", import.meta.url),
  },
  {
    path: "prior_scheduler/scheduler_config.json",
    sizeBytes: 264,
    sha256: "ba4dd50bad5b25dcdc276a1597bb7327e0eb61868c9f943a4db81b09686dc74a",
    url: new URL("../model/prior_scheduler/scheduler_config.json", import.meta.url),
  },
  {
    path: "super_res_2_first/config.json",
    sizeBytes: 1039,
    sha256: "0b995ac1efacf77cfce742117a340ec618319c54844b575426f6b6073f36e138",
    url: new URL("../model/super_res_2_first/config.json", import.meta.url),
  },
  {
    path: "super_res_2_first/diffusion_pytorch_model.safetensors",
    sizeBytes: 2111862,
    sha256: "a5c15774d91315c8e56c977bba9a23979338bd9f5d2a613a53c16f07325dd708",
    url: new URL("../model/super_res_2_first/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "super_res_2_scheduler/scheduler_config.json",
    sizeBytes: 264,
    sha256: "1fa78509ff55c41f4f66844b6ecbd03712a416730211923bb462e9c10e532528",
    url: new URL("../model/super_res_2_scheduler/scheduler_config.json", import.meta.url),
  },
  {
    path: "super_res_first/config.json",
    sizeBytes: 1039,
    sha256: "643d9bcd0cb94b6ffa8ed9798795aa07ef8a0351a155467d4c14c15379a7b231",
    url: new URL("../model/super_res_first/config.json", import.meta.url),
  },
  {
    path: "super_res_first/diffusion_pytorch_model.safetensors",
    sizeBytes: 2111862,
    sha256: "01e7e52a0efd9388f423ba16e992c089c54b50d7f6d52e119973215ecd3b9577",
    url: new URL("../model/super_res_first/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "super_res_last/config.json",
    sizeBytes: 1039,
    sha256: "643d9bcd0cb94b6ffa8ed9798795aa07ef8a0351a155467d4c14c15379a7b231",
    url: new URL("../model/super_res_last/config.json", import.meta.url),
  },
  {
    path: "super_res_last/diffusion_pytorch_model.safetensors",
    sizeBytes: 2111862,
    sha256: "82330a03cdc45c6121a92bb7ad5b826b18b7a20bbd79af810d17de4be34e7cab",
    url: new URL("../model/super_res_last/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "super_res_scheduler/scheduler_config.json",
    sizeBytes: 264,
    sha256: "1fa78509ff55c41f4f66844b6ecbd03712a416730211923bb462e9c10e532528",
    url: new URL("../model/super_res_scheduler/scheduler_config.json", import.meta.url),
  },
  {
    path: "text_encoder/config.json",
    sizeBytes: 551,
    sha256: "3e5961880cb2e7e1275c55d41f34ba3d15faa5cb77f6b5070ffe38e90abd50bd",
    url: new URL("../model/text_encoder/config.json", import.meta.url),
  },
  {
    path: "text_encoder/model.safetensors",
    sizeBytes: 1813608,
    sha256: "68e030a2313953ddaa69752552efe5d79b7240157856bb0466c020f585a48f15",
    url: new URL("../model/text_encoder/model.safetensors", import.meta.url),
  },
  {
    path: "text_proj/config.json",
    sizeBytes: 196,
    sha256: "e4a29e883d1ebfb6805954b1c64c6fe60a5a34e4cf0be7e7e5fc6cd8fcf4bc16",
    url: new URL("../model/text_proj/config.json", import.meta.url),
  },
  {
    path: "text_proj/diffusion_pytorch_model.safetensors",
    sizeBytes: 233088,
    sha256: "1a60921a54036fe5064ee298d4442a8309ff88df595588ebd8bdab18eebf0ec5",
    url: new URL("../model/text_proj/diffusion_pytorch_model.safetensors", import.meta.url),
  },
  {
    path: "tokenizer/merges.txt",
    sizeBytes: 1481,
    sha256: "51c2b8532336e01b9b596ba726b210879d72bfd1edd2eaa6c2aa841948d890e4",
    url: new URL("../model/tokenizer/merges.txt", import.meta.url),
  },
  {
    path: "tokenizer/special_tokens_map.json",
    sizeBytes: 133,
    sha256: "92e1e31d71a7f63cd75b4dfa1469377bd2cd6b8292cf70b3ff5b7082b0edc1c9",
    url: new URL("../model/tokenizer/special_tokens_map.json", import.meta.url),
  },
  {
    path: "tokenizer/tokenizer_config.json",
    sizeBytes: 274,
    sha256: "a70c77d2d6b6d1dc1845da44c5df3e699ce4544e5bf97d466d468915761e4e1b",
    url: new URL("../model/tokenizer/tokenizer_config.json", import.meta.url),
  },
  {
    path: "tokenizer/vocab.json",
    sizeBytes: 9149,
    sha256: "c48a77295a1bcd8f8d78503f8d05a9f9748a320efba0ecb68d76fda9cdb2d6db",
    url: new URL("../model/tokenizer/vocab.json", import.meta.url),
  },
  {
    path: "unclip.json",
    sizeBytes: 181,
    sha256: "6bc58be8ae3cf3beed2289cb01eeaf93d0457060556afa2b94fe2ef15bd3c9e3",
    url: new URL("../model/unclip.json", import.meta.url),
  },
])();
