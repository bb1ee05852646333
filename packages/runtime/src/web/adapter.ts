import type { Arithmetic } from "../arithmetic.js";

/** What is asked of WebGPU's interface here; TypeScript's own types do not have it yet. */
interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  readonly features: ReadonlySet<string>;
}

/** Fails if WebGPU has no adapter to offer that has an arithmetic.
 * @param software whether one that computes on the processor will do: WebAssembly is faster than that
 * @throws Error with the reason */
export async function findAdapter(software: boolean, arithmetic: Arithmetic): Promise<void> {
  const { gpu } = navigator as { gpu?: Gpu };
  if (gpu === undefined) throw new Error("this browser has no WebGPU, or the page is not served over https");
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error("the browser offers no WebGPU adapter");
  if (adapter.info?.isFallbackAdapter && !software) throw new Error("its only adapter computes on the processor");
  if (arithmetic === "float16" && !adapter.features.has("shader-f16"))
    throw new Error("its WebGPU adapter has no 16-bit floating-point numbers (shader-f16)");
}
