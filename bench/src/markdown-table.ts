/** A table in Markdown: its first column stands left, the others, of numbers, right. */
export function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const rows = [header, header.map((_, i) => (i === 0 ? "---" : "---:")), ...lines];
  const widths = header.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) => `| ${cells.map((cell, i) => pad(cell, widths[i]!, i)).join(" | ")} |`).join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || cell.startsWith("---") ? cell.padEnd(width) : cell.padStart(width);
}
