import { EventEmitter } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createRun,
  encodePng,
  UnclipError,
  type Clip,
  type GenerateRequest,
  type Generation,
  type ModelReport,
  type Picture,
  type Recipe,
  type RunOptions,
  type StageStep,
  type Tensor,
  type Unclip,
} from "unclip";
import type { QuantizedModel, QuantizeOptions } from "unclip/quantize";
import { picturesOf } from "../src/recipe.js";
import type { Engine, Output, SignalSource, Host } from "../src/host.js";

/** An output that remembers what was written. */
interface FakeOutput extends Output {
  text: string;
}

/** A host whose model paints at once and whose clock moves 100 ms each time it is read. */
export interface FakeHost extends Host {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly emitter: EventEmitter;
  /** Every call of the engine and of its model, with its arguments. */
  readonly calls: { name: string; args: readonly unknown[] }[];
  disposals: number;
}

/** What a test changes about the fake host. */
export interface FakeHostOptions {
  readonly env?: Record<string, string>;
  readonly stdout?: Partial<Output>;
  readonly stderr?: Partial<Output>;
  readonly warnings?: readonly string[];
  readonly report?: ModelReport;
  /** Called at every step of the engine. */
  readonly onStep?: (step: StageStep, host: FakeHost) => void;
  readonly loadUnclip?: Engine["loadUnclip"];
  /** Side of the last upsampler's pictures, as its config says; default 16. */
  readonly sampleSize?: number;
  /** What else happens when a model is closed. */
  readonly dispose?: () => Promise<void>;
}

/** A gradient, so that no two pixels are alike. */
export function gradient(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 5) % 256);
  return { width, height, data };
}

export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const emitter = new EventEmitter();
  let ms = 0;
  let cpuMs = 0;
  const host: FakeHost = {
    calls: [],
    disposals: 0,
    emitter,
    signals: emitter as unknown as SignalSource,
    stdout: createOutput(options.stdout),
    stderr: createOutput(options.stderr),
    env: options.env ?? {},
    now: () => (ms += 100),
    cpuMs: () => (cpuMs += 30),
    peakRssBytes: () => 123_456_789,
    engine: {
      encodePng,
      async loadUnclip(...args) {
        host.calls.push({ name: "loadUnclip", args });
        return options.loadUnclip ? options.loadUnclip(...args) : fakeUnclip(host, options);
      },
      async loadClip(...args) {
        host.calls.push({ name: "loadClip", args });
        return fakeClip(host);
      },
      async inspectModel(...args) {
        host.calls.push({ name: "inspectModel", args });
        return options.report!;
      },
      quantizeModel: (...args) => {
        host.calls.push({ name: "quantizeModel", args });
        return fakeQuantization(host, args[1], options);
      },
    },
  };
  return host;
}

/** A model of two layers, one of which becomes int8 in two steps. */
function fakeQuantization(host: FakeHost, { out, signal }: QuantizeOptions, { onStep }: FakeHostOptions) {
  return createRun<QuantizedModel, StageStep>(async function* () {
    for (let step = 0; step <= 2; step++) {
      if (signal?.aborted) throw new UnclipError("aborted", "quantizeModel: stopped on request");
      yield { stage: "layers of decoder", step, steps: 2 };
      onStep?.({ stage: "layers of decoder", step, steps: 2 }, host);
    }
    const layers = [
      { key: "conv_in.weight", type: "float", reason: "has 3 channels, too few to gain by it" },
      { key: "conv_out.weight", type: "int8", error: 0.0123 },
    ] as const;
    return {
      path: out,
      source: "toybox",
      version: 1,
      calibration: { captions: ["a cube"], steps: 8, seed: 0 },
      tolerance: 0.05,
      networks: [{ component: "decoder", error: 0.02, layers }],
      sizeBytes: { before: 10_000_000, after: 3_000_000 },
    };
  });
}

function createOutput(output: Partial<Output> = {}): FakeOutput {
  return {
    text: "",
    write(text: string) {
      this.text += text;
    },
    failure: async () => undefined,
    ...output,
  };
}

/** The stages of the fake model and their steps. */
export const stages = { clip: 1, prior: 2, decoder: 3, "upsampler-1": 2 };

function fakeUnclip(host: FakeHost, options: FakeHostOptions): Unclip {
  const { onStep, warnings = [], sampleSize = 16, dispose } = options;
  const paint = (name: string, subject: unknown, settings: GenerateRequest & RunOptions = {}) =>
    createRun<Generation, StageStep>(async function* () {
      host.calls.push({ name, args: [subject, settings] });
      for (const [stage, steps] of Object.entries(stages)) {
        for (let step = 0; step <= steps; step++) {
          if (settings.signal?.aborted) throw new UnclipError("aborted", `${stage}: stopped on request`);
          const preview =
            stage === "decoder" ? { preview: async () => Array<Picture>(settings.n ?? 1).fill(gradient(8, 8)) } : {};
          const progress = { stage, step, steps, ...preview };
          onStep?.(progress, host);
          yield progress;
        }
      }
      return generationOf(name, subject, settings, warnings);
    });
  return {
    model: "toybox",
    device: "cpu",
    stages: {
      ...fakeEncoders(),
      decoder: { space: { size: { width: 8, height: 8 } } },
      upsamplers: [{ config: { sampleSize: 16 } }, { config: { sampleSize } }],
    } as unknown as Unclip["stages"],
    generate: (caption, settings) => paint("generate", caption, settings),
    vary: (picture, settings) => paint("vary", picture, settings),
    interpolate: (items, settings) => paint("interpolate", items, settings),
    mix: (items, settings) => paint("mix", items, settings),
    edit: (picture, settings) => paint("edit", picture, settings),
    components: (picture, settings) => paint("components", picture, settings),
    compare: (caption, settings) => paint("compare", caption, settings),
    again: (recipe, changes) => paint("again", recipe, changes),
    dispose: async () => {
      host.disposals++;
      await dispose?.();
    },
  } as Partial<Unclip> as Unclip;
}

const COLOURS = new Map([
  ["red", [1, 0, 0]],
  ["green", [0, 1, 0]],
  ["blue", [0, 0, 1]],
]);

function fakeClip(host: FakeHost): Clip {
  return {
    model: "toybox",
    logitScale: 2,
    ...fakeEncoders(),
    dispose: async () => {
      host.disposals++;
    },
  };
}

/** See the first pixel's colour in a picture, the first word of a colour in a caption, and 40 characters at most. */
function fakeEncoders(): Pick<Clip, "textEncoder" | "imageEncoder"> {
  const matrix = (rows: number[][]) =>
    ({ data: Float32Array.from(rows.flat()), dims: [rows.length, 3] }) as unknown as Tensor;
  const colourOf = (caption: string) => COLOURS.get(/red|green|blue/.exec(caption)?.[0] ?? "") ?? [1, 1, 1];
  return {
    imageEncoder: {
      embed: async (pictures: readonly Picture[]) => matrix(pictures.map(({ data }) => [...data.slice(0, 3)])),
    },
    textEncoder: {
      embed: async (captions: readonly string[]) => ({
        textEmbedding: matrix(captions.map(colourOf)),
        cut: captions.map((caption) => caption.slice(40) || undefined),
      }),
    },
  } as unknown as Pick<Clip, "textEncoder" | "imageEncoder">;
}

/** The path of a new PNG file of one colour. */
export async function solidFile(folder: string, name: string, colour: readonly number[]): Promise<string> {
  const data = Uint8Array.from({ length: 12 * 3 }, (_, i) => colour[i % 3]!);
  const path = join(folder, name);
  await writeFile(path, await encodePng({ width: 4, height: 3, data }));
  return path;
}

function generationOf(
  name: string,
  subject: unknown,
  settings: GenerateRequest,
  warnings: readonly string[],
): Generation {
  const again = name === "again" ? (subject as Recipe) : undefined;
  const captions = name === "generate" ? [subject as string | string[]].flat() : undefined;
  const { frames, counts } = settings as { frames?: number; counts?: number[] };
  const { n = again?.n ?? 1, seed = again?.seed ?? 0, negative = "" } = settings;
  return {
    images: Array<Picture>(
      frames ??
        counts?.length ??
        (name === "compare" ? 3 : again ? (picturesOf(again) ?? 1) : n * (captions?.length ?? 1)),
    ).fill(gradient(16, 12)),
    recipe: {
      operation: name,
      ...(frames !== undefined && { frames }),
      ...(counts && { counts }),
      ...(captions && {
        captions,
        prior: { kind: "diffusion", steps: 2, guidanceScale: 4, ...(settings.prior as object) },
      }),
      n,
      seed: Number.isSafeInteger(Number(seed)) ? Number(seed) : String(seed),
      negative,
      decoder: { steps: 3, guidanceScale: 8 },
      upsamplers: [{ steps: 2 }],
      ...again,
      model: "toybox",
      versions: { unclip: "0.1.0", onnxruntime: "1.30.0" },
    },
    stages: Object.entries(stages).map(([stage, steps]) => ({ name: stage, steps, ms: 12.4 })),
    warnings,
  };
}
