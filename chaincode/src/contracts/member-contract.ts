// Transactions on members.

import type { MemberRow } from '@consilium/domain';
import { provesKey } from '@consilium/domain/key-proof';
import { keyOf, presentKeyOf, registerMember, rotateKey, withPresentKey } from '@consilium/domain/rules';
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
      const used = await ledger.get('member-key', argument.encryptionPublicKey);
      const channel = context.stub.getChannelID();
      const proven = provesKey({ ...argument, channel, mspId });
      const member = registerMember(argument, { mspId, channel, at, existing, used, proven });
      await ledger.put('member', member);
      await ledger.put('member-key', keyOf(member));
      return member;
    });
  }

  rotateKey(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:rotateKey', text, async ({ argument, ledger, mspId, at }) => {
      const existing = await findMember(ledger, mspId);
      const used = await ledger.get('member-key', argument.encryptionPublicKey);
      const channel = context.stub.getChannelID();
      const proven = provesKey({ ...argument, channel, mspId });
      const member = rotateKey(argument, { mspId, channel, at, existing, used, proven });
      await ledger.put('present-key', presentKeyOf(member, argument));
      await ledger.put('member-key', keyOf(member));
      // A key from before there were such rows is not to come back either, unless somebody else has it by now.
      const before = await ledger.get('member-key', existing.encryptionPublicKey);
      if (before === undefined) await ledger.put('member-key', keyOf(existing));
      return member;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:get', text, ({ argument: { mspId }, ledger }) =>
      findMember(ledger, mspId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:list', text, async ({ argument, ledger }) => {
      const page = await ledger.page('member', [], argument);
      const items: MemberRow[] = [];
      for (const member of page.items) {
        items.push(withPresentKey(member, await ledger.get('present-key', member.mspId)));
      }
      return { ...page, items };
    });
  }
}
