// Transactions on members.
import { registerMember } from '../domain/rules/member-rules.ts';
import { findMember } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { transact } from './transact.ts';

export class MemberContract extends LedgerContract {
  constructor() {
    super('member');
  }

  register(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:register', text, async ({ argument, ledger, mspId, at }) => {
      const existing = await ledger.get('member', mspId);
      const member = registerMember(argument, { mspId, at, existing });
      await ledger.put('member', member);
      return member;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:get', text, ({ argument: { mspId }, ledger }) =>
      findMember(ledger, mspId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:list', text, ({ argument, ledger }) =>
      ledger.page('member', [], argument),
    );
  }
}
