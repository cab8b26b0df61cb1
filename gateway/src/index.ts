// The gateway's public surface for those who embed it, such as its benchmark.

export { buildApp, LEDGER_ROUTES } from './app.ts';
export { type Config, DEFAULT_LIMITS, type Limits, readConfig } from './config.ts';
export { type Connection, readConnection } from './fabric/connection-file.ts';
export { FabricLedger } from './fabric/fabric-ledger.ts';
export { type Ledger, LedgerError } from './fabric/ledger.ts';
export { GATEWAY_ERRORS, type GatewayErrorCode, GatewayRefusal } from './gateway-errors.ts';
export { ApiKeys } from './http/api-keys.ts';
export { createApiKey } from './http/key-file.ts';
export { Outbox } from './outbox/outbox.ts';
