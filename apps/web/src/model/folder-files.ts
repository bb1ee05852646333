import type { DiskFile } from "unclip/worker";

/** The files of a folder that a person chose, with their paths, which begin with the folder's name. */
export function chosenFiles(files: Iterable<File>): DiskFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The files of a dropped folder, with their paths; undefined if what was dropped is no folder. To be called while the drop is handled:
 * afterwards the browser has taken its data away. */
export function droppedFolder({ items }: DataTransfer): Promise<DiskFile[]> | undefined {
  const entries = [...items].map((item) => item.webkitGetAsEntry());
  const folder = entries.find((entry) => entry?.isDirectory);
  return folder ? filesOf(folder) : undefined;
}

async function filesOf(entry: FileSystemEntry): Promise<DiskFile[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((done, fail) => entry.file(done, fail));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const entries = await entriesOf(entry as FileSystemDirectoryEntry);
  return (await Promise.all(entries.map(filesOf))).flat();
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** All entries of a folder: a reader gives some at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
