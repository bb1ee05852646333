import type { HubProgress } from "@unclip/hub/web";

/** Progress of one file. */
interface FileProgress {
  /** More bytes have arrived. */
  add(bytes: number): void;
  /** The file is here, or will not come. */
  end(): void;
}

/** One progress over all files that have been asked for. */
export interface DownloadProgress {
  /** A file is being fetched.
   * @param sizeBytes 0 if it is not known */
  begin(file: string, sizeBytes: number): FileProgress;
  /** Something that the page should say: a sentence. */
  note(file: string, sentence: string): void;
}

/** Files are told of at most that often, besides their beginnings and ends. */
const EVERY_MS = 50;

/** Adds up what files have loaded. A file counts from when it is asked for. */
export function createDownloadProgress(onProgress: ((progress: HubProgress) => void) | undefined): DownloadProgress {
  let [loaded, total, told] = [0, 0, -Infinity];
  return {
    begin(file, sizeBytes) {
      let [fileLoaded, fileTotal] = [0, sizeBytes];
      total += sizeBytes;
      const tell = (status: HubProgress["status"]) => {
        told = performance.now();
        onProgress?.({ file, loaded, total, fileLoaded, fileTotal, status });
      };
      tell("download");
      return {
        add(bytes) {
          fileLoaded += bytes;
          loaded += bytes;
          total += Math.max(0, fileLoaded - fileTotal);
          fileTotal = Math.max(fileTotal, fileLoaded);
          if (performance.now() - told >= EVERY_MS) tell("download");
        },
        end() {
          loaded += fileTotal - fileLoaded;
          fileLoaded = fileTotal;
          tell("done");
        },
      };
    },
    note(file, note) {
      onProgress?.({ file, loaded, total, fileLoaded: 0, fileTotal: 0, status: "done", note });
    },
  };
}
