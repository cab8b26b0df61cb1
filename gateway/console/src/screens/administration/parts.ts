// The parts of the office, and what a session needs for each.
import type { OperationId } from '../../api/session.ts';

export interface OfficePart {
  readonly name: 'keys' | 'webhooks' | 'members' | 'motions';
  readonly to: string;
  readonly needs: OperationId;
}

export const PARTS: readonly OfficePart[] = [
  { name: 'members', to: '/administration/members', needs: 'listMembers' },
  { name: 'motions', to: '/administration/motions', needs: 'listMotions' },
  { name: 'webhooks', to: '/administration/webhooks', needs: 'listWebhooks' },
  { name: 'keys', to: '/administration/keys', needs: 'listApiKeys' },
];
