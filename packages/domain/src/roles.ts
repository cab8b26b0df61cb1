// The roles of a consortium, as certificate attributes (`consilium.role`), the same on every ledger.
/** The roles, in the order in which documents list them. */
export const ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'] as const;
/** What a person or program is in its organisation. */
export type Role = (typeof ROLES)[number];
/** The name of the certificate attribute that says the role. */
export const ROLE_ATTRIBUTE = 'consilium.role';
