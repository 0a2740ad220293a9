/** The machine definitions, for those who draw or test them. Their inner names are no contract. */

export { CONNECTION_MS, connectionMachine } from './connection.ts'
export { leaseMachine } from './lease.ts'
export { meshMachine } from './mesh.ts'
export { syncMachine } from './sync.ts'
