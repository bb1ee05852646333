import type { MeasuredLayer } from "./sensitivity.js";

/** The layers of a network that may be int8 together: those whose errors come to `tolerance` at most, as errors of independent causes add up, by
 * their squares. Layers of larger errors stay in float first; those that were not tried alone are int8.
 * @param tolerance relative error of the network's output */
export function chooseLayers(layers: readonly MeasuredLayer[], tolerance: number): ReadonlySet<MeasuredLayer> {
  const tried = layers.filter(({ error }) => error !== undefined).sort((a, b) => a.error! - b.error!);
  const chosen = new Set(layers.filter(({ scales, error }) => scales !== undefined && error === undefined));
  let power = 0;
  for (const layer of tried) {
    power += layer.error! ** 2;
    if (!(power <= tolerance ** 2)) break; // NaN, of a layer whose result overflows, too
    chosen.add(layer);
  }
  return chosen;
}
