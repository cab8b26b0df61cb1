// What keeps a register in step with the ledger without being asked: at the start, and when a study has ended.
import { logFailure } from '../failure.ts';
import { adoptAll } from './adopt-dataset.ts';
import { removeUnused } from './kept-files.ts';
import { type RegisterContext, recordRevisions } from './register.ts';

/** The register as the ledger has it; as it was where the ledger cannot be asked now. */
export async function bringUpToDate(context: RegisterContext): Promise<void> {
  try {
    await recordRevisions(context);
    await adoptAll(context);
  } catch (error) {
    logFailure(context.log, error, { work: 'asking the ledger for revisions' });
  }
}

/** The same, and files that nothing needs any more are removed. Never throws for what the surroundings do. */
export async function keepRegister(context: RegisterContext): Promise<void> {
  await bringUpToDate(context);
  try {
    await removeUnused(context);
  } catch (error) {
    logFailure(context.log, error, { work: 'removing files of former revisions' });
  }
}
