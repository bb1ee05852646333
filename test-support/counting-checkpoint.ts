/** A checkpoint that holds whatever a network asks it for, and counts the numbers: for comparing a network with the published one of
 * the same config.json. */
export function countingCheckpoint() {
  const sizes = new Map<string, number>();
  return {
    checkpoint: {
      name: "plan",
      weights: new Map<never, never>(),
      plan: (key: string, dims: readonly number[]) => {
        const size = dims.reduce((product, dim) => product * dim, 1);
        sizes.set(key, size);
        return { type: "F32", dims, file: "plan.safetensors", offset: 0, sizeBytes: 4 * size } as const;
      },
    },
    parameters: () => [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}
