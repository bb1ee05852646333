import { UnclipError } from "@unclip/tensor";

/** What a pickle may name and what is made of it. Python would import and call; here these functions answer. */
export interface PickleRules {
  /** Stands for the global `name`, for example "collections.OrderedDict"; throws if it is not known. */
  global(name: string): unknown;
  /** The result of calling something that `global` gave. */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** The object behind a persistent id. */
  persistent(id: unknown): unknown;
}

/** Integers beyond 2^53 are read as bigint, up to this size; torch writes none. */
const MAX_INTEGER_BYTES = 256;

/** A tensor takes some 40 instructions; a large network with its optimiser has 10,000 tensors. Each instruction may make an empty
 * dict, the largest thing of one byte: all of them together stay within some 200 MB. */
const MAX_INSTRUCTIONS = 2 ** 20;

/** The value in a pickle of protocols 2 to 5: null, booleans, numbers, bigints, strings, arrays for lists and tuples, Maps for
 * dicts, and whatever `rules` made. Nothing of it is run: it is a list of instructions for a stack, and those that a state dict
 * needs are understood, any other is refused. Each takes constant memory beside the bytes it stands for, and their number is bounded.
 * @param where the file's name, for messages
 * @throws UnclipError "weights" if it is damaged or asks for more
 * @see https://docs.python.org/3/library/pickletools.html */
export function readPickle(bytes: Uint8Array, rules: PickleRules, where: string): unknown {
  const source = createReader(bytes, where);
  const state: State = { stack: [], marks: [], memo: new Map(), source, rules };
  for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
    const at = source.at();
    const code = source.byte();
    if (code === STOP) return pop(state);
    const instruction = INSTRUCTIONS[code];
    if (instruction === undefined) {
      const name = `0x${code.toString(16).padStart(2, "0")}`;
      throw source.error(`instruction ${name} at byte ${at} is none that a state dict needs`);
    }
    instruction(state);
  }
  throw source.error(`it has more than ${MAX_INSTRUCTIONS} instructions, which no state dict needs`);
}

interface State {
  readonly stack: unknown[];
  /** Heights of the stack at which a list of items begins. */
  readonly marks: number[];
  readonly memo: Map<number, unknown>;
  readonly source: Reader;
  readonly rules: PickleRules;
}

const code = (character: string) => character.charCodeAt(0);
const STOP = code(".");

const INSTRUCTIONS: Readonly<Record<number, (state: State) => void>> = {
  [0x80]: ({ source }) => checkProtocol(source),
  [0x95]: ({ source }) => void source.take(8), // a frame: how many bytes follow, which the reader sees for itself
  [code("(")]: ({ stack, marks }) => void marks.push(stack.length),

  [code("N")]: ({ stack }) => void stack.push(null),
  [0x88]: ({ stack }) => void stack.push(true),
  [0x89]: ({ stack }) => void stack.push(false),
  [code("K")]: ({ stack, source }) => void stack.push(source.byte()),
  [code("M")]: ({ stack, source }) => void stack.push(source.take(2).getUint16(0, true)),
  [code("J")]: ({ stack, source }) => void stack.push(source.take(4).getInt32(0, true)),
  [code("G")]: ({ stack, source }) => void stack.push(source.take(8).getFloat64(0)),
  [0x8a]: ({ stack, source }) => void stack.push(readInteger(source, source.byte())),
  [0x8b]: ({ stack, source }) => void stack.push(readInteger(source, source.length(4))),
  [0x8c]: ({ stack, source }) => void stack.push(source.text(source.byte())),
  [code("X")]: ({ stack, source }) => void stack.push(source.text(source.length(4))),
  [0x8d]: ({ stack, source }) => void stack.push(source.text(source.length(8))),

  [code("q")]: (state) => void state.memo.set(state.source.byte(), top(state)),
  [code("r")]: (state) => void state.memo.set(state.source.length(4), top(state)),
  [0x94]: (state) => void state.memo.set(state.memo.size, top(state)),
  [code("h")]: (state) => void state.stack.push(recall(state, state.source.byte())),
  [code("j")]: (state) => void state.stack.push(recall(state, state.source.length(4))),

  [code(")")]: ({ stack }) => void stack.push([]),
  [code("]")]: ({ stack }) => void stack.push([]),
  [code("}")]: ({ stack }) => void stack.push(new Map()),
  [code("t")]: (state) => void state.stack.push(popItems(state)),
  [0x85]: (state) => void state.stack.push(popMany(state, 1)),
  [0x86]: (state) => void state.stack.push(popMany(state, 2)),
  [0x87]: (state) => void state.stack.push(popMany(state, 3)),
  [code("a")]: (state) => append(state, popMany(state, 1)),
  [code("e")]: (state) => append(state, popItems(state)),
  [code("s")]: (state) => setItems(state, popMany(state, 2)),
  [code("u")]: (state) => setItems(state, popItems(state)),

  [code("c")]: ({ stack, source, rules }) => void stack.push(rules.global(`${source.line()}.${source.line()}`)),
  [0x93]: (state) => void state.stack.push(state.rules.global(popMany(state, 2).map(String).join("."))),
  [code("i")]: ({ source, rules }) => {
    const name = `${source.line()}.${source.line()}`;
    rules.global(name);
    throw source.error(`it makes an object of ${name}, which a state dict does not need`);
  },
  [code("R")]: (state) => {
    const [callee, args] = popMany(state, 2);
    if (!Array.isArray(args)) throw state.source.error("it calls something without a tuple of arguments");
    state.stack.push(state.rules.call(callee, args));
  },
  [code("Q")]: (state) => void state.stack.push(state.rules.persistent(pop(state))),
  // Attributes of an object, such as the versions of its modules that torch hangs on a state dict: nothing that a graph needs.
  [code("b")]: (state) => void popMany(state, 1),
};

function checkProtocol(source: Reader): void {
  const protocol = source.byte();
  if (protocol < 2 || protocol > 5) throw source.error(`it is of protocol ${protocol}; expected 2 to 5`);
}

/** A little-endian integer in two's complement. */
function readInteger(source: Reader, length: number): number | bigint {
  if (length > MAX_INTEGER_BYTES) throw source.error(`it holds an integer of ${length} bytes`);
  const bytes = source.take(length);
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes.getUint8(i));
  const signed = BigInt.asIntN(8 * length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function top(state: State): unknown {
  const { stack, marks } = state;
  if (stack.length <= (marks.at(-1) ?? 0)) throw state.source.error("it takes more than it holds");
  return stack.at(-1);
}

function pop(state: State): unknown {
  top(state);
  return state.stack.pop();
}

function popMany(state: State, count: number): unknown[] {
  return Array.from({ length: count }, () => pop(state)).reverse();
}

/** The items above the last mark. */
function popItems({ stack, marks, source }: State): unknown[] {
  const start = marks.pop();
  if (start === undefined) throw source.error("it takes more than it holds");
  return stack.splice(start);
}

function recall({ memo, source }: State, index: number): unknown {
  if (!memo.has(index)) throw source.error(`it takes up value ${index}, which it never put down`);
  return memo.get(index);
}

function append(state: State, items: readonly unknown[]): void {
  const list = top(state);
  if (!Array.isArray(list)) throw state.source.error("it appends to something that is no list");
  for (const item of items) list.push(item);
}

function setItems(state: State, items: readonly unknown[]): void {
  const dict = top(state);
  if (!(dict instanceof Map) || items.length % 2 !== 0)
    throw state.source.error("it sets items of something that is no dict");
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

type Reader = ReturnType<typeof createReader>;

/** Takes bytes one after another. */
function createReader(bytes: Uint8Array, where: string) {
  let position = 0;
  const error = (what: string) => new UnclipError("weights", `${where}: the pickle cannot be read: ${what}`);
  const take = (length: number) => {
    const start = position;
    if (start + length > bytes.length)
      throw error(`it ends at byte ${bytes.length}, within a value; download the file again`);
    position += length;
    return new DataView(bytes.buffer, bytes.byteOffset + start, length);
  };
  const decode = ({ buffer, byteOffset, byteLength }: DataView) => {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, byteOffset, byteLength));
    } catch {
      throw error(`the text at byte ${byteOffset - bytes.byteOffset} is not UTF-8; download the file again`);
    }
  };
  return {
    error,
    take,
    at: () => position,
    byte: () => take(1).getUint8(0),
    /** A count of bytes, itself 4 or 8 bytes long. */
    length: (size: 4 | 8) => (size === 4 ? take(4).getUint32(0, true) : Number(take(8).getBigUint64(0, true))),
    text: (length: number) => decode(take(length)),
    /** The text up to the end of a line. */
    line() {
      const end = bytes.indexOf(10, position);
      const text = decode(take(end < 0 ? bytes.length - position + 1 : end - position));
      position++;
      return text;
    },
  };
}
