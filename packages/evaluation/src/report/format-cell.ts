import type { StudyCell, StudyTable } from "../studies/study.js";
import type { Score } from "../wilson-interval.js";

/** A cell as text: numbers with the digits of their column, shares with their intervals. */
export function formatCell(cell: StudyCell, { digits = 2 }: StudyTable["columns"][number]): string {
  if (cell === null) return "-";
  if (typeof cell === "string") return cell;
  return typeof cell === "number" ? cell.toFixed(digits) : formatScore(cell);
}

/** "93.2 % (90.7-95.1)": a share and its interval. */
export function formatScore({ share, interval }: Score): string {
  if (share === null || interval === null) return "-";
  const [low, high] = interval.map((end) => (100 * end).toFixed(1));
  return `${(100 * share).toFixed(1)} % (${low}-${high})`;
}
