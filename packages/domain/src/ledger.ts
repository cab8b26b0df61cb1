// What following the ledger needs of the domain: errors, limits of arguments, roles, forms of rows. No schema library
// comes with it, so that a thread which follows the channel starts in half the time.
export { type ArgumentLimits, argumentLimitsOf, parseArgument } from './argument-limits.ts';
export { canonicalJson } from './canonical-json.ts';
export { DomainError, ERRORS, type ErrorCode, parseDomainError } from './errors.ts';
export { ROLE_ATTRIBUTE, ROLES, type Role } from './roles.ts';
export { presentForm, ROW_SCHEMA, type RowKind } from './row-schema.ts';
