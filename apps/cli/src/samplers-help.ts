import { SAMPLER_OPTIONS } from "unclip";

/** The samplers with the options that each takes, as the end of a command's help. */
export function samplersHelp(): string {
  const entries = Object.entries(SAMPLER_OPTIONS) as [string, Options][];
  const lines = entries.map(([name, options]) => {
    const shown = Object.entries(options).flatMap(([option, about]) =>
      valuesOf(about).map((values) => `${option}=${values}`),
    );
    return `  ${name.padEnd(16)} ${shown.join(" ")}`.trimEnd();
  });
  return ["", "Samplers and their options, such as --decoder-sampler ddim:eta=0.5,spacing=trailing:", ...lines].join(
    "\n",
  );
}

type Options = (typeof SAMPLER_OPTIONS)[keyof typeof SAMPLER_OPTIONS];

/** What can be written after an option on the command line; nothing for one that only a library can give. */
function valuesOf(option: Options[string]): string[] {
  switch (option.kind) {
    case "choice":
      return [option.choices.join("|")];
    case "flag":
      return ["true|false"];
    case "number":
    case "integer":
      return [option.default === undefined ? "<number>" : String(option.default)];
    default:
      return [];
  }
}
