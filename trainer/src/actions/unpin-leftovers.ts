// What this hospital sealed and may have put into IPFS, and the ledger never named: a version before this one put first
// and recorded then, and a crash can come between. Once its round is over nobody can name it any more, and it gives up
// its place at this hospital's node.
import type { RoundDossier } from '@consilium/domain';
import { computeCid } from '../artefacts/index.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

type Context = Pick<TrainerContext, 'exchange' | 'journal' | 'log' | 'afterStep'>;

const names = ({ round, updates }: RoundDossier, sha256: string): boolean =>
  [round.aggregate?.artefact, round.base?.artefact, ...updates.map(({ artefact }) => artefact)].some(
    (ref) => ref?.sha256 === sha256,
  );

/**
 * Concludes what was sealed for a round that is over: what the ledger does not name is unpinned. Called again it does
 * what is left to do. The bytes may be dropped afterwards, also where it failed.
 *
 * @param dossier what the ledger has of the round; undefined where the study ended without that round
 * @throws TrainerError where IPFS or the journal fails
 */
export async function unpinLeftovers(
  { exchange, journal, log, afterStep }: Context,
  of: { readonly studyId: string; readonly round: number; readonly dossier: RoundDossier | undefined },
): Promise<void> {
  const { studyId, round, dossier } = of;
  const leftovers: { readonly subject: string; readonly cid: string }[] = [];
  for (const { subject, sha256, cid, ciphertext } of journal.inconclusive(studyId, round)) {
    const key = { studyId, round, subject };
    if (dossier !== undefined && names(dossier, sha256)) {
      journal.concludeSealed(key, { isNamed: true });
    } else if (cid !== undefined) {
      leftovers.push({ subject, cid });
    } else if (ciphertext !== undefined) {
      // It may be there: a crash may have come before that was written down. Its bytes are known for the last time.
      const own = await computeCid(ciphertext);
      journal.recordPut(key, own);
      leftovers.push({ subject, cid: own });
    }
  }
  for (const { subject, cid } of leftovers) {
    await exchange.release(cid);
    afterStep('leftover: unpinned');
    journal.concludeSealed({ studyId, round, subject }, { isNamed: false });
    log.info({ studyId, round, subject, cid }, 'unpinned what the ledger never named');
  }
}
