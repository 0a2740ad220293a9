/** The machine definitions, for those who draw or test them. Their inner names are no contract. */

export {
  type ChartArrow,
  type ChartConfig,
  type ChartLabel,
  type ChartState,
  chartOf,
} from './chart.ts'
export { CONNECTION_MS, connectionMachine } from './connection.ts'
export { leaseMachine } from './lease.ts'
export { toMermaid } from './mermaid.ts'
export { meshMachine } from './mesh.ts'
export { syncMachine } from './sync.ts'
