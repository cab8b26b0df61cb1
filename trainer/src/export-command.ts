// `consilium-trainer export-artefacts`: a study's updates and models in plaintext, for those who recompute its
// aggregates with `consilium-verify --artefacts`. Written by the hospital that can open them, and given to nobody by
// this program.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  processTerminal,
  readArguments,
  refuseMore,
  type Terminal,
  UsageError,
} from '@consilium/command-line';
import { ArtefactError, IpfsArtefactStore, MemberKeyRing } from './artefacts/index.ts';
import { readConfig } from './config.ts';
import { TrainerError } from './errors.ts';
import { GatewayClient, GatewayProblem } from './gateway/gateway-client.ts';
import { Journal } from './journal/journal.ts';
import { type ExportParts, exportArtefacts } from './study/export-artefacts.ts';

const HELP = `consilium-trainer export-artefacts: a study's updates and models in plaintext

  consilium-trainer export-artefacts STUDY DIR

  STUDY    the study's id
  DIR      a folder that is not there yet, or is empty: what consilium-verify takes as --artefacts
  --json   one JSON document on standard output instead of text
  --help   this text

With the environment of serve. Stop the trainer first: the keys that updates are sealed to are in its journal, which a
running trainer has for itself. Artefacts are opened with this hospital's keys, and each is shown to be what the ledger
names. What no key here opens is not written, and neither are updates whose consent was withdrawn: they are to be
erased. Updates have their noise in them, and are still not public: the files are for this user alone, and for whom you
give them to. Delete them afterwards.

Exit status: ${EXIT.done} everything is written, ${EXIT.failed} something is left out, which is named,
${EXIT.unusable} wrong arguments, environment, keys or folder.
`;

/** Runs the command. @returns the exit status */
export async function exportCommand(
  argv: readonly string[],
  terminal: Terminal = processTerminal,
): Promise<number> {
  const { values, positionals } = readArguments(argv, COMMON_OPTIONS);
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [studyId, folder, ...more] = positionals;
  refuseMore(more);
  if (studyId === undefined || folder === undefined) throw new UsageError('name a study and a folder');
  const { gatewayUrl: url, gatewayKey: key, ipfsUrl, dataDirectory, mspId } = readConfig(process.env);
  try {
    using journal = journalOf(dataDirectory);
    const parts = {
      mspId,
      ledger: new GatewayClient({ url, key }),
      store: new IpfsArtefactStore({ url: ipfsUrl }),
      keys: await MemberKeyRing.existing(dataDirectory),
      journal,
    };
    return await exportTo(folder, { parts, studyId, terminal, json: values.json });
  } catch (cause) {
    const isKnown = [TrainerError, ArtefactError, GatewayProblem].some((known) => cause instanceof known);
    if (!isKnown) throw cause;
    throw new InputError({ field: studyId, text: `: ${(cause as Error).message}` }, { cause });
  }
}

/** undefined where there is none, or a running trainer has it: aggregates open without. */
function journalOf(dataDirectory: string): Journal | undefined {
  if (!existsSync(join(dataDirectory, 'journal.sqlite'))) return undefined;
  try {
    return new Journal(dataDirectory);
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'TRAINER_JOURNAL_FAILED') return undefined;
    throw error;
  }
}

/** Writes what opens; a file for each artefact. @returns the exit status */
export async function exportTo(
  folder: string,
  {
    parts,
    studyId,
    terminal,
    json,
  }: {
    readonly parts: ExportParts;
    readonly studyId: string;
    readonly terminal: Pick<Terminal, 'out'>;
    readonly json: boolean;
  },
): Promise<number> {
  const study = await parts.ledger.getStudy(studyId);
  if (study === undefined) throw new InputError({ field: studyId, text: 'is no study of this ledger' });
  await makeEmpty(folder);
  const written: string[] = [];
  const left: { readonly name: string; readonly why: string }[] = [];
  for await (const one of exportArtefacts(parts, study)) {
    if ('left' in one) left.push({ name: one.name, why: one.left });
    else {
      await writeFile(join(folder, one.name), one.bytes, { mode: 0o600, flag: 'wx' });
      written.push(one.name);
    }
  }
  const lines = [
    `${written.length} artefacts are in ${folder}.`,
    ...left.map(({ name, why }) => `Left out: ${name}: ${why}`),
  ];
  terminal.out(json ? `${JSON.stringify({ folder, written, left })}\n` : `${lines.join('\n')}\n`);
  return left.length === 0 ? EXIT.done : EXIT.failed;
}

async function makeEmpty(folder: string): Promise<void> {
  const refuse = (text: string, cause?: unknown) => new InputError({ field: folder, text }, { cause });
  try {
    await mkdir(folder, { mode: 0o700 });
    return;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw refuse(`cannot be made: ${(cause as Error).message}`, cause);
    }
  }
  const names = await readdir(folder).catch((cause: Error) => {
    throw refuse(`is no folder that can be read: ${cause.message}`, cause);
  });
  if (names.length > 0) throw refuse('is not empty: name a new folder');
}
