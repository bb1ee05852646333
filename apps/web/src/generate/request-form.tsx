import { PRESET_NAMES, presetDefaults, type PresetName, type WorkerModel } from "unclip/worker";
import { NumberField } from "../parts/number-field.js";
import { SizeField } from "../parts/size-field.js";
import { canUse, priorWords } from "./priors.js";
import { EXAMPLES, PRIORS, withPreset, type PriorKind, type Settings } from "./settings.js";

/** The largest seed that a number field can hold exactly is larger, but nobody remembers it. */
const MOST_SEED = 999_999;

/** What a preset is called, with how much of the work it takes. */
const PRESET_WORDS: Readonly<Record<PresetName, string>> = {
  exact: "exact",
  balanced: "balanced, ⅓ of the work",
  fast: "fast, ⅕ of the work",
};

/** The form of a request. */
export function RequestForm(props: {
  readonly settings: Settings;
  readonly model: WorkerModel | undefined;
  readonly isBusy: boolean;
  readonly onChange: (settings: Settings) => void;
  readonly onPaint: () => void;
  readonly onCompare: () => void;
  readonly onStop: () => void;
}) {
  const { settings, model, isBusy, onChange, onPaint, onCompare, onStop } = props;
  const set = (changes: Partial<Settings>) => onChange({ ...settings, ...changes });
  const defaults = model && presetDefaults(model.defaults, settings.preset);
  const isDiffusion = settings.prior === "diffusion";
  return (
    <form
      class="request"
      aria-label="Request"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) onPaint();
      }}
    >
      <label class="caption">
        <span>Caption</span>
        <textarea
          rows={2}
          required
          maxLength={400}
          value={settings.caption}
          onInput={({ currentTarget }) => set({ caption: currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey) return;
            event.preventDefault();
            event.currentTarget.form!.requestSubmit();
          }}
        />
      </label>
      <div class="row actions">
        {isBusy ? (
          <button type="button" class="main" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="main">
            Paint
          </button>
        )}
        <button type="button" class="plain" disabled={isBusy} onClick={onCompare}>
          Compare the priors
        </button>
      </div>
      <ul class="examples" aria-label="Examples">
        {EXAMPLES.map((caption) => (
          <li key={caption}>
            <button type="button" onClick={() => set({ caption })}>
              {caption}
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        <NumberField
          label="Seed"
          value={settings.seed}
          min={0}
          max={MOST_SEED}
          onChange={(seed) => set({ seed: seed ?? 0 })}
        />
        <button type="button" class="plain" onClick={() => set({ seed: Math.floor(Math.random() * (MOST_SEED + 1)) })}>
          Another seed
        </button>
        <NumberField label="Pictures" value={settings.n} min={1} max={4} onChange={(n) => set({ n: n ?? 1 })} />
        <SizeField model={model} upsamplers={settings.upsamplers} onChange={(upsamplers) => set({ upsamplers })} />
        <label class="field">
          <span>Preset</span>
          <select
            value={settings.preset}
            onChange={({ currentTarget }) => onChange(withPreset(settings, currentTarget.value as PresetName))}
          >
            {PRESET_NAMES.map((name) => (
              <option key={name} value={name}>
                {PRESET_WORDS[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <details>
        <summary>Advanced</summary>
        <div class="row">
          <label class="field wide">
            <span>Prior</span>
            <select
              value={settings.prior}
              onChange={({ currentTarget }) => set({ prior: currentTarget.value as PriorKind })}
            >
              {PRIORS.map((kind) => (
                <option key={kind} value={kind} disabled={!canUse(kind, model)}>
                  {priorWords(kind)}
                </option>
              ))}
            </select>
          </label>
          <NumberField
            label="Prior steps"
            value={settings.priorSteps}
            own={defaults?.prior.steps ?? 25}
            min={1}
            max={1000}
            disabled={!isDiffusion}
            onChange={(priorSteps) => set({ priorSteps })}
          />
          <NumberField
            label="Prior guidance"
            value={settings.priorGuidance}
            own={defaults?.prior.guidanceScale ?? 4}
            min={0}
            max={30}
            step={0.1}
            disabled={!isDiffusion}
            onChange={(priorGuidance) => set({ priorGuidance })}
          />
          <NumberField
            label="Decoder steps"
            value={settings.decoderSteps}
            own={defaults?.decoder.steps ?? 25}
            min={1}
            max={1000}
            onChange={(decoderSteps) => set({ decoderSteps })}
          />
          <NumberField
            label="Decoder guidance"
            value={settings.decoderGuidance}
            own={defaults?.decoder.guidanceScale ?? 4}
            min={0}
            max={30}
            step={0.1}
            onChange={(decoderGuidance) => set({ decoderGuidance })}
          />
          {Array.from({ length: settings.upsamplers }, (_, i) => (
            <NumberField
              key={i}
              label={`Upsampler ${i + 1} steps`}
              value={settings.upsamplerSteps[i]}
              own={defaults?.upsamplers[i]?.steps ?? 7}
              min={1}
              max={1000}
              onChange={(steps) => set({ upsamplerSteps: withAt(settings.upsamplerSteps, i, steps) })}
            />
          ))}
        </div>
        <p class="hint">Guidance 1 is off. What is left empty is as the preset has it; exact is the model's own.</p>
      </details>
    </form>
  );
}

/** A list with one value changed. */
function withAt<T>(list: readonly (T | undefined)[], at: number, value: T | undefined): (T | undefined)[] {
  return Array.from({ length: Math.max(list.length, at + 1) }, (_, i) => (i === at ? value : list[i]));
}
