/** One picture, or several, that diffusers painted with a Kandinsky checkpoint of fixtures/, and what it was asked for. */
export interface KandinskyCase {
  name: string;
  kind: "text-to-image" | "image-variation" | "mix" | "image-to-image" | "inpaint" | "depth" | "depth-image-to-image";
  captions?: string[];
  negativeCaptions?: string[];
  picture?: string;
  mask?: string;
  hint?: string;
  parts?: ({ caption: string } | { picture: string })[];
  weights?: number[];
  strength?: number;
  priorSteps?: number;
  priorGuidance?: number;
  seed: number;
  imagesPerInput: number;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  images: string[];
}

/** The folder in fixtures/ of the decoder that painted a case of a checkpoint. */
export function kandinskyFolderOf(checkpoint: string, kind: KandinskyCase["kind"]): string {
  const plain = checkpoint.startsWith("kandinsky-2-2") ? `${checkpoint}-decoder` : checkpoint;
  if (kind === "inpaint") return `${plain}-inpaint`;
  return kind.startsWith("depth") ? `${checkpoint}-controlnet-depth` : plain;
}
