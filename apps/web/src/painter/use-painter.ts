import { useEffect, useRef, useState } from "preact/hooks";
import {
  createUnclipWorker,
  isUnclipError,
  type Device,
  type DiskFile,
  type Generation,
  type HubProgress,
  type UnclipWorker,
  type WorkerModel,
} from "unclip/worker";
import type { Ask, Job, Part, Shown } from "./job.js";
import { doneWords, wordsOf } from "./words.js";

/** Where the model comes from, and what it runs on. */
export interface Opening {
  /** Files of a folder of the visitor's disk; default toybox. */
  readonly files?: readonly DiskFile[];
  readonly device: Device | "auto";
}

/** The model in its Worker, and what was asked of it, the newest first. */
export interface Painter {
  readonly model?: WorkerModel;
  readonly opening: Opening;
  readonly jobs: readonly Job[];
  /** Weights that are on their way; undefined if none are. */
  readonly download?: HubProgress;
  /** A sentence about the model, if it could not be loaded or kept. */
  readonly notice?: string;
  /** Whether the model could not be opened. */
  readonly hasFailed: boolean;
  readonly isBusy: boolean;
  /** The model, for work that makes no pictures for the list. */
  unclip(): UnclipWorker;
  paint(ask: Ask): Promise<void>;
  /** Opens another model, or the same on another device, in place of the one at hand. */
  open(opening: Opening): Promise<WorkerModel>;
  /** Stops what runs and what waits: first between two steps, when asked again at once. */
  stop(): void;
  remove(id: number): void;
}

/** Loads the model in a Worker, and runs what is asked of it one after another. */
export function usePainter(first: Opening): Painter {
  const [model, setModel] = useState<WorkerModel>();
  const [opening, setOpening] = useState(first);
  const [jobs, setJobs] = useState<readonly Job[]>([]);
  const [download, setDownload] = useState<HubProgress>();
  const [notice, setNotice] = useState<string>();
  const [hasFailed, setHasFailed] = useState(false);
  const worker = useRef<UnclipWorker | undefined>(undefined);
  const source = useRef(first);
  const controllers = useRef(new Set<AbortController>());
  const queue = useRef(Promise.resolve());
  const last = useRef(0);

  const unclip = () =>
    (worker.current ??= createUnclipWorker({
      ...(source.current.files && { source: source.current.files, variant: "fp16" }), // where a part has such weights: a browser has little memory
      device: source.current.device,
      onDownload: (progress) => {
        if (progress.note !== undefined) setNotice(progress.note);
        setDownload(progress.loaded < progress.total ? progress : undefined);
      },
    }));

  const take = (opened: WorkerModel) => {
    setModel(opened);
    setHasFailed(false);
  };

  useEffect(() => {
    unclip()
      .load()
      .then(take, (error: Error) => {
        setHasFailed(true);
        setNotice(`The model cannot be loaded. ${error.message}`);
      });
    return () => worker.current?.dispose();
  }, []);

  const change = (id: number, changes: Partial<Job>) =>
    setJobs((all) => all.map((job) => (job.id === id ? { ...job, ...changes } : job)));

  function paint(ask: Ask): Promise<void> {
    const { title, place, isFilm = false } = ask;
    const id = ++last.current;
    const controller = new AbortController();
    controllers.current.add(controller);
    const job: Job = { id, title, place, state: "running", says: "waiting", share: 0, pictures: [], isFilm };
    setJobs((all) => [job, ...all]);
    queue.current = queue.current.then(() => work(id, ask, controller));
    return queue.current;
  }

  /** Runs one part of a job, and shows its pictures behind those of the parts before it as they form. */
  async function runPart(id: number, { begin, labels = [] }: Part, before: readonly Shown[], signal: AbortSignal) {
    const run = begin(unclip(), signal);
    const early = typeof labels === "function" ? [] : labels;
    for await (const step of run) {
      change(id, { says: wordsOf(step), share: step.step / step.steps });
      if (step.preview === undefined || step.stage === "inversion") continue;
      const forming = (await step.preview()).map((picture, i) => labelled({ picture }, early[i]));
      change(id, { pictures: [...before, ...forming] });
    }
    const generation = await run;
    const { images, recipe } = generation;
    const all = typeof labels === "function" ? labels(recipe) : labels;
    const finished = images.map((picture, i) => labelled({ picture, made: { recipe, index: i + 1 } }, all[i]));
    const pictures = [...before, ...finished];
    change(id, { pictures });
    return { generation, pictures };
  }

  async function work(id: number, { parts }: Ask, controller: AbortController): Promise<void> {
    const done: Generation[] = [];
    let pictures: readonly Shown[] = [];
    try {
      for (const part of parts) {
        const made = await runPart(id, part, pictures, controller.signal);
        done.push(made.generation);
        pictures = made.pictures;
      }
      change(id, { state: "done", says: doneWords(done), share: 1 });
    } catch (error) {
      const isStop = isUnclipError(error, "aborted");
      change(id, { state: isStop ? "stopped" : "failed", says: isStop ? "stopped" : (error as Error).message });
    } finally {
      controllers.current.delete(controller);
      unclip()
        .load()
        .then(take, () => undefined);
    }
  }

  async function open(given: Opening): Promise<WorkerModel> {
    worker.current?.dispose();
    worker.current = undefined;
    source.current = given;
    setOpening(given);
    setModel(undefined);
    setNotice(undefined);
    setHasFailed(false);
    try {
      const opened = await unclip().load();
      if (source.current === given) take(opened);
      return opened;
    } catch (error) {
      if (source.current === given) setHasFailed(true);
      throw error;
    }
  }

  return {
    model,
    opening,
    jobs,
    download,
    notice,
    hasFailed,
    isBusy: jobs.some(({ state }) => state === "running"),
    unclip,
    paint,
    open,
    stop() {
      const all = [...controllers.current];
      if (all.some(({ signal }) => signal.aborted)) unclip().restart();
      for (const controller of all) controller.abort();
    },
    remove: (id) => setJobs((all) => all.filter((job) => job.id !== id)),
  };
}

function labelled(shown: Shown, label: string | undefined): Shown {
  return label === undefined ? shown : { ...shown, label };
}
