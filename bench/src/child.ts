import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a measuring process says once its network is open, or its model loaded. */
interface Opened {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly version: string;
  /** Of our side only. */
  readonly weightBytes?: number;
  readonly flops?: number;
}

/** What it says of a step, or of a picture. */
interface Stepped {
  readonly seconds: number;
  /** How many of them went into opening networks; of our side's pictures only. */
  readonly openSeconds?: number;
  /** Largest resident memory of the process so far. */
  readonly peakBytes: number;
}

/** A process that has one network open and runs a step when it is asked to, or has a model loaded and paints a picture. */
export interface MeasuringProcess {
  readonly opened: Opened;
  step(): Promise<Stepped>;
  /** Lets it write its output and end. */
  end(): Promise<void>;
}

/** How glibc deals out memory in a process of either side, as in the command line app: in pages of 2 MB, and given back at once. */
const MEMORY = { GLIBC_TUNABLES: "glibc.malloc.mmap_threshold=1048576:glibc.malloc.hugetlb=1" };

/** Starts a measuring process.
 * @throws Error with the last lines it printed, if it ends before it should */
export async function startProcess(command: string, args: readonly string[]): Promise<MeasuringProcess> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...MEMORY, ...process.env } });
  let printed = "";
  child.stderr.on("data", (bytes: Buffer) => (printed = (printed + bytes.toString()).slice(-4000)));
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      printed += error.message;
      resolve(null);
    });
    child.on("close", resolve);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${[command, ...args].join(" ")} ended with code ${await ended}:\n${printed}`);
    return JSON.parse(value) as T;
  };
  return {
    opened: await answer<Opened>(),
    step: () => {
      child.stdin.write("step\n");
      return answer<Stepped>();
    },
    async end() {
      child.stdin.end();
      const code = await ended;
      if (code !== 0) throw new Error(`${[command, ...args].join(" ")} ended with code ${code}:\n${printed}`);
    },
  };
}
