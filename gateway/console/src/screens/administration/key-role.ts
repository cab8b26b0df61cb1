// The role of a key, where it is one that this console knows.
import type { Role } from '../../api/session.ts';

export const ROLES: readonly Role[] = ['operator', 'steward', 'researcher', 'trainer', 'auditor'];

export const roleOf = (text: string): Role | undefined => ROLES.find((role) => role === text);
