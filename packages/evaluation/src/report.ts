export { formatCell, formatScore } from "./report/format-cell.js";
export { htmlReport, type HtmlReportOptions } from "./report/html-report.js";
export { plotSvg } from "./report/plot-svg.js";
