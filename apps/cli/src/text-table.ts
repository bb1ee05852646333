import { quote } from "unclip";

/** Rows in columns, two spaces apart, one line each.
 * @param cells row by row, as many in each; a long one is cut
 * @param isNumber whether a column is aligned on the right */
export function textTable(cells: readonly (readonly string[])[], isNumber: (column: number) => boolean): string[] {
  const rows = cells.map((row) => row.map((cell) => quote(cell)));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}
