/** The doorway `holdfast/inspector`: a page that shows what goes on, served to this machine. */

export { type Report, type ReportOptions, reportTo } from './report.ts'
export { type Inspector, type InspectorOptions, serveInspector } from './serve.ts'
