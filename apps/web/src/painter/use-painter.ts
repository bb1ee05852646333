import { useEffect, useRef, useState } from "preact/hooks";
import {
  createUnclipWorker,
  isUnclipError,
  type Generation,
  type HubProgress,
  type Picture,
  type Run,
  type StageStep,
  type UnclipWorker,
  type WorkerModel,
} from "unclip/worker";

/** One thing that was asked for: on its way, done, stopped, or failed. */
export interface Job {
  readonly id: number;
  readonly title: string;
  readonly state: "running" | "done" | "stopped" | "failed";
  /** What is being done, in words; or what went wrong. */
  readonly says: string;
  /** The share of the stage at hand that is done, from 0 to 1. */
  readonly share: number;
  /** How the pictures look so far. */
  readonly pictures: readonly Picture[];
  readonly generation?: Generation;
}

/** A way to begin a run. */
type Begin = (unclip: UnclipWorker, signal: AbortSignal) => Run<Generation, StageStep>;

/** The model in its Worker, and what was asked of it, the newest first. */
export interface Painter {
  readonly model?: WorkerModel;
  readonly jobs: readonly Job[];
  /** Weights that are on their way; undefined if none are. */
  readonly download?: HubProgress;
  /** A sentence about the model, if it could not be loaded or kept. */
  readonly notice?: string;
  readonly isBusy: boolean;
  paint(title: string, begin: Begin): Promise<void>;
  /** Opens a model folder of the visitor's disk in place of the model at hand. */
  openModel(files: readonly File[]): Promise<WorkerModel>;
  /** Stops what runs and what waits: first between two steps, when asked again at once. */
  stop(): void;
  remove(id: number): void;
}

const STAGES: Readonly<Record<string, string>> = {
  clip: "reading the caption",
  prior: "the prior imagines an image embedding",
  decoder: "the decoder paints",
  inversion: "finding the picture's own noise",
};

/** A stage in words. */
function wordsOf({ stage, step, steps }: StageStep): string {
  const words = STAGES[stage] ?? stage.replace(/^upsampler-(\d+)$/, "upsampler $1 enlarges");
  return steps > 1 ? `${words}, step ${step} of ${steps}` : words;
}

/** Loads the model in a Worker, and runs what is asked of it one after another. */
export function usePainter(): Painter {
  const [model, setModel] = useState<WorkerModel>();
  const [jobs, setJobs] = useState<readonly Job[]>([]);
  const [download, setDownload] = useState<HubProgress>();
  const [notice, setNotice] = useState<string>();
  const worker = useRef<UnclipWorker | undefined>(undefined);
  const controllers = useRef(new Set<AbortController>());
  const queue = useRef(Promise.resolve());
  const last = useRef(0);

  const source = useRef<readonly File[] | undefined>(undefined);

  const open = () =>
    (worker.current ??= createUnclipWorker({
      ...(source.current && { source: source.current }),
      device: "wasm",
      onDownload: (progress) => {
        if (progress.note !== undefined) setNotice(progress.note);
        setDownload(progress.loaded < progress.total ? progress : undefined);
      },
    }));

  useEffect(() => {
    open()
      .load()
      .then(setModel, (error: Error) => setNotice(`The model cannot be loaded. ${error.message}`));
    return () => worker.current?.dispose();
  }, []);

  const change = (id: number, changes: Partial<Job>) =>
    setJobs((all) => all.map((job) => (job.id === id ? { ...job, ...changes } : job)));

  function paint(title: string, begin: Begin): Promise<void> {
    const id = ++last.current;
    const controller = new AbortController();
    controllers.current.add(controller);
    const job: Job = { id, title, state: "running", says: "waiting", share: 0, pictures: [] };
    setJobs((all) => [job, ...all]);
    queue.current = queue.current.then(() => work(id, begin, controller));
    return queue.current;
  }

  async function work(id: number, begin: Begin, controller: AbortController): Promise<void> {
    try {
      const run = begin(open(), controller.signal);
      for await (const step of run) {
        change(id, { says: wordsOf(step), share: step.step / step.steps });
        if (step.preview) change(id, { pictures: await step.preview() });
      }
      const generation = await run;
      change(id, { state: "done", says: saysOf(generation), share: 1, pictures: generation.images, generation });
    } catch (error) {
      const isStop = isUnclipError(error, "aborted");
      change(id, { state: isStop ? "stopped" : "failed", says: isStop ? "stopped" : (error as Error).message });
    } finally {
      controllers.current.delete(controller);
      if (model === undefined)
        open()
          .load()
          .then(setModel, () => undefined);
    }
  }

  async function openModel(files: readonly File[]): Promise<WorkerModel> {
    worker.current?.dispose();
    worker.current = undefined;
    source.current = files;
    setModel(undefined);
    setNotice(undefined);
    const opened = await open().load();
    setModel(opened);
    return opened;
  }

  return {
    model,
    openModel,
    jobs,
    download,
    notice,
    isBusy: jobs.some(({ state }) => state === "running"),
    paint,
    stop() {
      const all = [...controllers.current];
      if (all.some(({ signal }) => signal.aborted)) open().restart();
      for (const controller of all) controller.abort();
    },
    remove: (id) => setJobs((all) => all.filter((job) => job.id !== id)),
  };
}

function saysOf({ stages, warnings }: Generation): string {
  const seconds = stages.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  return [`painted in ${seconds.toFixed(1)} s`, ...warnings].join("; ");
}
