// Stands in for the global WebSocket that Node 20 lacks: modules of @medplum/core read its constants while they load.
const globals: { WebSocket?: unknown } = globalThis
globals.WebSocket ??= class extends EventTarget {}
