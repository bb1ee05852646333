import type { Study, StudyResult, StudySheet, StudyTable } from "../studies/study.js";
import { formatCell } from "./format-cell.js";
import { plotSvg } from "./plot-svg.js";

/** Options of {@link htmlReport}. */
export interface HtmlReportOptions {
  readonly study: Pick<Study, "title" | "question">;
  readonly result: StudyResult;
  /** The sheets as PNG files, in the order of the result's. */
  readonly sheets: readonly Uint8Array[];
  /** How it was measured, by name, for example { command: "unclip evaluate inversion" }. */
  readonly about: Readonly<Record<string, string>>;
}

/** A study as one HTML file that needs no other: question, findings, plots, tables and pictures. */
export function htmlReport({ study, result, sheets, about }: HtmlReportOptions): string {
  const body = [
    `<h1>${escape(study.title)}</h1>`,
    `<p>${escape(study.question)}</p>`,
    ...result.findings.map((finding) => `<p class="finding">${escape(finding)}</p>`),
    ...result.plots.map((plot) => `<figure>${plotSvg(plot)}<figcaption>${escape(plot.title)}</figcaption></figure>`),
    ...result.tables.map(tableHtml),
    ...result.sheets.map((sheet, i) => sheetHtml(sheet, sheets[i]!)),
    `<dl>${Object.entries(about)
      .map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`)
      .join("")}</dl>`,
  ];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(study.title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body>\n${body.join("\n")}\n</body></html>\n`;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
.finding { border-left: 4px solid #0072b2; padding-left: 0.8rem; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: #555; }
figure img { max-width: 100%; min-width: min(100%, 40rem); image-rendering: pixelated; }
table { border-collapse: collapse; } th, td { padding: 0.2rem 0.8rem; border-bottom: 1px solid #ddd; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
dt { font-weight: bold; } dd { margin: 0 0 0.4rem; }
`;

function tableHtml({ title, columns, rows }: StudyTable): string {
  const head = columns.map(({ name }) => `<th>${escape(name)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td>${escape(formatCell(cell, columns[i]!))}</td>`).join("")}</tr>`,
  );
  return `<h2>${escape(title)}</h2>\n<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

function sheetHtml({ title, rows }: StudySheet, png: Uint8Array): string {
  const source = `data:image/png;base64,${toBase64(png)}`;
  const rowsText = rows.length === 0 ? "" : ` Rows: ${rows.join("; ")}.`;
  return `<figure><img src="${source}" alt="${escape(title)}"><figcaption>${escape(`${title}.${rowsText}`)}</figcaption></figure>`;
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
