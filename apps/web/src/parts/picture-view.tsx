import { useLayoutEffect, useRef } from "preact/hooks";
import { toImageData, type Picture } from "unclip/worker";

/** A picture on a canvas, as large as its frame. Small ones keep their pixels.
 * @param label what it shows; "" for one that something beside it names */
export function PictureView({ picture, label }: { readonly picture: Picture; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    canvas.current!.getContext("2d")!.putImageData(toImageData(picture), 0, 0);
  }, [picture]);
  const { width, height } = picture;
  const named = label === "" ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return <canvas ref={canvas} width={width} height={height} {...named} class={width < 128 ? "pixels" : undefined} />;
}
