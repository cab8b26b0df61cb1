// The gateway's public surface for those who embed it, such as its benchmark.
export { ApiKeys, createApiKey } from './api-keys.ts';
export { buildApp, LEDGER_ROUTES } from './app.ts';
export { type Config, DEFAULT_LIMITS, type Limits, readConfig } from './config.ts';
export { type Connection, readConnection } from './connection.ts';
export { FabricLedger } from './fabric-ledger.ts';
export { GATEWAY_ERRORS, GatewayError, type GatewayErrorCode } from './gateway-errors.ts';
export { type Ledger, LedgerError } from './ledger.ts';
export { MemoryLedger } from './memory-ledger.ts';
export { Outbox } from './outbox.ts';
