import { useLayoutEffect, useRef } from "preact/hooks";
import { toImageData, type Picture } from "unclip/worker";

/** A picture on a canvas, as large as its frame. Small ones keep their pixels. */
export function PictureView({ picture, label }: { readonly picture: Picture; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    canvas.current!.getContext("2d")!.putImageData(toImageData(picture), 0, 0);
  }, [picture]);
  const { width, height } = picture;
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      class={width < 128 ? "pixels" : undefined}
    />
  );
}
