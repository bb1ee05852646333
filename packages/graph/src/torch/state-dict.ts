import { quote, UnclipError } from "@unclip/tensor";
import { readPickle, type PickleRules } from "./pickle.js";

/** A run of numbers of one type, which tensors look into. */
interface TorchStorage {
  readonly kind: "storage";
  /** torch's name, for example "FloatStorage". */
  readonly type: string;
  /** Name of the file of the archive that holds it. */
  readonly key: string;
  /** How many numbers it has. */
  readonly size: number;
}

/** A tensor as torch saves it: a view of a storage. */
export interface TorchTensor {
  readonly kind: "tensor";
  readonly storage: TorchStorage;
  /** Its first element in the storage. */
  readonly offset: number;
  readonly dims: readonly number[];
  /** Elements of the storage from one index of an axis to the next. */
  readonly strides: readonly number[];
}

interface StorageType {
  readonly kind: "storage type";
  readonly name: string;
}

/** A function that a pickle may name: it answers with data. */
interface Constructor {
  readonly kind: "constructor";
  readonly name: string;
  readonly make: (args: readonly unknown[], where: string) => unknown;
}

const CONSTRUCTORS: Readonly<Record<string, Constructor["make"]>> = {
  "collections.OrderedDict": makeOrderedDict,
  "torch._utils._rebuild_tensor_v2": makeTensor,
  "torch._utils._rebuild_parameter": ([data]) => data,
  "torch.Size": ([dims = []]) => dims,
};

const STORAGE_TYPE = /^torch\.(\w+Storage)$|^torch\.storage\.(UntypedStorage)$/;

/** The tensors by name in the pickle of a state dict, or of a record that holds one under "state_dict".
 * @param where the file's name, for messages
 * @throws UnclipError "weights" if the pickle names anything that a state dict does not need, or holds something else */
export function readStateDict(pickle: Uint8Array, where: string): ReadonlyMap<string, TorchTensor> {
  const rules: PickleRules = {
    global: (name) => resolveGlobal(name, where),
    call(callee, args) {
      if (isKind<Constructor>(callee, "constructor")) return callee.make(args, where);
      throw new UnclipError(
        "weights",
        `${where}: the pickle calls something that is no function; download the file again`,
      );
    },
    persistent: (id) => makeStorage(id, where),
  };
  const found = readPickle(pickle, rules, where);
  const wrapped = found instanceof Map ? found.get("state_dict") : undefined;
  const dict: unknown = wrapped instanceof Map ? wrapped : found;
  if (!(dict instanceof Map)) throw notStateDict(where, `holds ${describe(dict)}`);
  for (const [name, value] of dict) {
    if (typeof name !== "string") throw notStateDict(where, `has ${describe(name)} for a name`);
    if (!isKind<TorchTensor>(value, "tensor")) {
      throw notStateDict(where, `has ${describe(value)} under "${quote(name)}"`);
    }
  }
  return dict as Map<string, TorchTensor>;
}

function resolveGlobal(name: string, where: string): Constructor | StorageType {
  const make = Object.hasOwn(CONSTRUCTORS, name) ? CONSTRUCTORS[name] : undefined;
  if (make !== undefined) return { kind: "constructor", name, make };
  const type = STORAGE_TYPE.exec(name);
  if (type !== null) return { kind: "storage type", name: type[1] ?? type[2]! };
  throw new UnclipError(
    "weights",
    `${where} asks for ${quote(name)}; a checkpoint needs no code, and none is run: ` +
      `take a file that holds the state dict alone, or the model's safetensors files`,
  );
}

function makeOrderedDict([pairs = []]: readonly unknown[], where: string): Map<unknown, unknown> {
  const isPair = (pair: unknown): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2;
  if (Array.isArray(pairs) && pairs.every(isPair)) return new Map(pairs);
  throw new UnclipError("weights", `${where}: the pickle makes an OrderedDict of something else than pairs`);
}

/** torch's persistent id of a storage: ("storage", type, key, device, size). */
function makeStorage(id: unknown, where: string): TorchStorage {
  const [kind, type, key, , size] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind === "storage" && isKind<StorageType>(type, "storage type") && typeof key === "string" && isSize(size)) {
    return { kind: "storage", type: type.name, key, size };
  }
  throw new UnclipError(
    "weights",
    `${where}: the pickle refers to something that is no storage; download the file again`,
  );
}

/** _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata). */
function makeTensor([storage, offset, dims, strides]: readonly unknown[], where: string): TorchTensor {
  const fits = isKind<TorchStorage>(storage, "storage") && isSize(offset) && isSizes(dims) && isSizes(strides);
  if (fits && dims.length === strides.length) return { kind: "tensor", storage, offset, dims, strides };
  throw new UnclipError(
    "weights",
    `${where}: the pickle makes a tensor without a proper storage, offset, shape and strides; download the file again`,
  );
}

function isKind<T extends { readonly kind: string }>(value: unknown, kind: T["kind"]): value is T {
  return typeof value === "object" && value !== null && (value as Partial<T>).kind === kind;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}

function notStateDict(where: string, got: string): UnclipError {
  return new UnclipError(
    "weights",
    `${where}: expected a state dict, tensors by name, but the file ${got}; save it in Python with torch.save(model.state_dict(), path)`,
  );
}

function describe(value: unknown): string {
  if (value instanceof Map) return "a dict";
  if (Array.isArray(value)) return "a list";
  if (value === null) return "None";
  if (typeof value === "object") return `a ${(value as { kind: string }).kind}`;
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
