import type { Output } from "./host.js";

/** A stream of the process as an output that never throws: a closed pipe or a full disk behind stdout or stderr must not cost the work
 * whose result goes into files. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  let failure: NodeJS.ErrnoException | undefined;
  let written: Promise<void> = Promise.resolve();
  const fail = (error: NodeJS.ErrnoException) => {
    failure ??= error;
  };
  stream.on("error", fail);
  return {
    write(text) {
      if (failure !== undefined) return;
      written = new Promise((resolve) => {
        stream.write(text, (error) => {
          if (error) fail(error);
          resolve();
        });
      });
    },
    async failure() {
      await written;
      return failure;
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}
