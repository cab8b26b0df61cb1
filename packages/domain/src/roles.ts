// The roles of a consortium, as certificate attributes (`consilium.role`), the same on every ledger.
export const ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'] as const;
export type Role = (typeof ROLES)[number];
export const ROLE_ATTRIBUTE = 'consilium.role';
