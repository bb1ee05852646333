import { quote, sizeOf, UnclipError } from "@unclip/tensor";
import { ELEMENT_BYTES, type WeightEntry, type WeightFile, type WeightType } from "../weight-entry.js";
import { readStateDict, type TorchTensor } from "./state-dict.js";
import { locateZipEntry, readZipDirectory, type ZipDirectory, type ZipEntry } from "./zip.js";

/** Storage types of torch that a graph can read. */
const STORED_AS: Readonly<Record<string, WeightType>> = {
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
};

/** A tensor takes some 200 bytes of it, with its name. */
const MAX_PICKLE_BYTES = 2 ** 25;

/** Own headers of an archive's files that are read at once. */
const AT_ONCE = 32;

/** How files began before torch 1.6: a pickled number of 10 bytes. */
const OLD_FORMAT = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

/** The tensors by name of a file that torch.save wrote: a zip archive of one pickle, which is read and never run, and of one
 * file for each storage, whose bytes stay where they are.
 * @throws UnclipError "weights" if the file is damaged, is of another format, asks for code, or holds tensors that cannot be
 * mapped: of an unknown type, compressed, or with elements in another order */
export async function readTorchFile(file: WeightFile): Promise<Map<string, WeightEntry>> {
  const directory = await readZipDirectory(file);
  if (directory === undefined) throw await otherFormat(file);
  const root = rootOf(directory);
  const pickle = directory.get(`${root}data.pkl`);
  if (pickle === undefined) {
    throw new UnclipError("weights", `${file.where}: the archive has no data.pkl; expected a file of torch.save`);
  }
  await checkByteOrder(file, directory.get(`${root}byteorder`));
  const tensors = readStateDict(await readEntry(file, pickle, MAX_PICKLE_BYTES), file.where);
  const storages = new Map<string, ZipEntry>();
  for (const [name, { storage }] of tensors) {
    const entry = directory.get(`${root}data/${storage.key}`);
    if (entry === undefined) throw damaged(file, name, `its numbers, data/${quote(storage.key)}, are missing`);
    storages.set(storage.key, entry);
  }
  const starts = await locateEntries(file, storages);
  return new Map([...tensors].map(([name, tensor]) => [name, entryOf(file, name, tensor, starts)]));
}

/** torch puts everything into one folder, by whatever name. */
function rootOf(directory: ZipDirectory): string {
  const [first = ""] = directory.keys();
  return first.slice(0, first.indexOf("/") + 1);
}

async function checkByteOrder(file: WeightFile, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return; // files before torch 2.1 do not say; they were little-endian
  const order = new TextDecoder().decode(await readEntry(file, entry, 16));
  if (order === "little") return;
  throw new UnclipError(
    "weights",
    `${file.where}: its numbers are ${quote(order)}-endian; expected little-endian ones`,
  );
}

async function readEntry(file: WeightFile, entry: ZipEntry, maxBytes: number): Promise<Uint8Array> {
  if (entry.sizeBytes > maxBytes) {
    const name = quote(entry.name);
    throw new UnclipError(
      "weights",
      `${file.where}: ${name} has ${entry.sizeBytes} bytes; expected ${maxBytes} at most`,
    );
  }
  const start = await locateZipEntry(file, entry);
  return file.bytes(start, start + entry.sizeBytes);
}

/** Where the bytes of each storage begin, and how many there are. */
async function locateEntries(file: WeightFile, entries: ReadonlyMap<string, ZipEntry>) {
  const places = new Map<string, { start: number; sizeBytes: number }>();
  const all = [...entries];
  for (let i = 0; i < all.length; i += AT_ONCE) {
    const locate = async ([key, entry]: [string, ZipEntry]) =>
      places.set(key, { start: await locateZipEntry(file, entry), sizeBytes: entry.sizeBytes });
    await Promise.all(all.slice(i, i + AT_ONCE).map(locate));
  }
  return places;
}

function entryOf(
  file: WeightFile,
  name: string,
  tensor: TorchTensor,
  places: ReadonlyMap<string, { start: number; sizeBytes: number }>,
): WeightEntry {
  const { storage, offset, dims } = tensor;
  const type = Object.hasOwn(STORED_AS, storage.type) ? STORED_AS[storage.type]! : undefined;
  if (type === undefined) {
    const expected = Object.keys(STORED_AS).join(", ");
    throw new UnclipError(
      "weights",
      `${file.where}: ${quote(name)}: type ${quote(storage.type)} is not supported; expected one of ${expected}`,
    );
  }
  const { start, sizeBytes } = places.get(storage.key)!;
  const count = sizeOf(dims);
  if (!Number.isSafeInteger(count) || offset + count > storage.size || storage.size * ELEMENT_BYTES[type] > sizeBytes) {
    const got = `[${dims.join(", ")}] from element ${offset} on, of ${storage.size} in ${sizeBytes} bytes`;
    throw damaged(file, name, `its numbers do not hold ${quote(got, { max: 200 })}`);
  }
  checkRowMajor(file, name, tensor);
  return { type, dims, offset: start + offset * ELEMENT_BYTES[type], sizeBytes: count * ELEMENT_BYTES[type] };
}

/** A graph reads weights row by row, where they lie. */
function checkRowMajor(file: WeightFile, name: string, { dims, strides }: TorchTensor): void {
  let expected = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis] !== 1 && strides[axis] !== expected && !dims.includes(0)) {
      const got = `[${dims.join(", ")}] has the strides [${strides.join(", ")}]`;
      const cure = "torch.save({k: v.contiguous() for k, v in torch.load(path, weights_only=True).items()}, path)";
      throw new UnclipError(
        "weights",
        `${file.where}: ${quote(name)}: ${quote(got, { max: 200 })}, so that its elements do not lie in order and cannot be mapped; save it again in Python: ${cure}`,
      );
    }
    expected *= dims[axis]!;
  }
}

async function otherFormat(file: WeightFile): Promise<UnclipError> {
  const start = await file.bytes(0, OLD_FORMAT.length);
  const { where } = file;
  if (OLD_FORMAT.every((byte, i) => byte === start[i])) {
    const cure = "torch.save(torch.load(path, weights_only=True), path)";
    return new UnclipError(
      "weights",
      `${where}: the file is in torch's format before 1.6; save it again in Python: ${cure}`,
    );
  }
  return new UnclipError(
    "weights",
    `${where}: expected a zip archive of torch.save, got ${file.sizeBytes} bytes that are none; is the file cut off? Download it again`,
  );
}

function damaged(file: WeightFile, name: string, what: string): UnclipError {
  return new UnclipError("weights", `${file.where}: ${quote(name)}: ${what}; download the file again`);
}
