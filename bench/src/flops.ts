import type { Dims, Graph, Operation } from "@unclip/graph";

/** Sizes of a graph's named dimensions, for example { N: 2 }. */
export type DimSizes = Readonly<Record<string, number>>;

/** Floating-point operations of one run: two for each multiplication in matrix products, convolutions and attention.
 * What is done once for each value (norms, activations, sums) is left out, as is usual.
 * @throws Error for a named dimension without a size */
export function countFlops({ inputs, operations }: Pick<Graph, "inputs" | "operations">, sizes: DimSizes): number {
  const changing = new Set(inputs.map(({ name }) => name));
  let multiplications = 0;
  for (const operation of operations) {
    if (!operation.inputs.some((value) => value && changing.has(value.name))) continue; // done once, when the network is opened
    changing.add(operation.output.name);
    multiplications += countMultiplications(operation, sizes);
  }
  return 2 * multiplications;
}

function countMultiplications({ op, inputs, output }: Operation, sizes: DimSizes): number {
  const of = (index: number): Dims => inputs[index]!.dims;
  switch (op) {
    case "Gemm":
    case "MatMul":
    case "Int8Linear":
      return product(output.dims, sizes) * product(of(0).slice(-1), sizes);
    case "Conv":
    case "Int8Conv":
      return product(output.dims, sizes) * product(of(1).slice(1), sizes); // weight [out, in, k, k]
    case "MultiHeadAttention":
      return 2 * product(of(0), sizes) * product(of(1).slice(1, 2), sizes); // q k^T, then scores times v
    case "Attention": // makes q, k and v itself, for the tokens of a mask [N, S]
      return product(of(0), sizes) * (product(of(1).slice(1), sizes) + 2 * product(of(3).slice(1), sizes));
    default:
      return 0;
  }
}

function product(dims: Dims, sizes: DimSizes): number {
  return dims.reduce<number>((all, dim) => all * sizeOfDim(dim, sizes), 1);
}

/** The size of a dimension; named ones may be products of names and numbers, or sums of them, such as "N*77" or "81-P". */
function sizeOfDim(dim: number | string, sizes: DimSizes): number {
  if (typeof dim === "number") return dim;
  return dim.split("*").reduce((all, factor) => all * sumOf(factor, sizes), 1);
}

function sumOf(terms: string, sizes: DimSizes): number {
  const signed = terms.match(/[+-]?[^+-]+/g) ?? [];
  return signed.reduce(
    (sum, term) => sum + (term.startsWith("-") ? -1 : 1) * lookUp(term.replace(/^[+-]/, ""), sizes),
    0,
  );
}

function lookUp(name: string, sizes: DimSizes): number {
  const size = /^\d+$/.test(name) ? Number(name) : sizes[name];
  if (size === undefined) throw new Error(`countFlops: the size of dimension ${name} is not given`);
  return size;
}

/** The sizes of a graph's named dimensions when it is given `feeds`. */
export function sizesOf(
  { inputs }: Pick<Graph, "inputs">,
  feeds: Readonly<Record<string, { dims: readonly number[] }>>,
): DimSizes {
  const named = inputs.flatMap(({ name, dims }) => dims.map((dim, axis) => [dim, feeds[name]!.dims[axis]!] as const));
  return Object.fromEntries(named.filter(([dim]) => typeof dim === "string"));
}
