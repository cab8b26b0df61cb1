// `consilium-trainer key`: the member's encryption keys, which lie in the trainer's data folder.
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  readArguments,
  refuseMore,
  type Terminal,
} from '@consilium/command-line';
import { ArtefactError, createNextKey, MemberKeyRing } from '../../artefacts/index.ts';
import { reasonOf } from './input-file.ts';

const HELP = `consilium-trainer key: the member's encryption keys

  consilium-trainer key rotate [--data-dir DIR]   create the next key; earlier ones stay and open old artefacts
  consilium-trainer key list [--data-dir DIR]     the public halves, the newest first

  --data-dir DIR   the trainer's data folder (default: CONSILIUM_DATA_DIR)
  --json           one JSON document on standard output instead of text
  --help           this text

A key is used when it is on the ledger: GET /v1/local/encryption-key answers the newest key with its proof, and the
operator posts both to /v1/members/rotate-key. A running trainer needs no restart. Copy the data folder afterwards.
`;

export async function keyCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    'data-dir': { type: 'string' },
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [verb, ...rest] = positionals;
  refuseMore(rest);
  if (verb !== 'rotate' && verb !== 'list')
    throw new InputError({ field: 'key', text: ': say rotate or list' });
  const given = values['data-dir'] ?? process.env.CONSILIUM_DATA_DIR;
  if (!given)
    throw new InputError({ field: '--data-dir', text: 'is missing, and CONSILIUM_DATA_DIR is not set' });
  const directory = resolve(given);
  await access(directory).catch((cause: unknown) => {
    throw new InputError(
      { field: '--data-dir', text: `${directory} cannot be used: ${reasonOf(cause)}` },
      { cause },
    );
  });
  try {
    if (verb === 'rotate') {
      const { publicKey } = await createNextKey(directory);
      const next = 'GET /v1/local/encryption-key, then POST its answer to /v1/members/rotate-key as operator';
      terminal.out(
        values.json ? `${JSON.stringify({ encryptionPublicKey: publicKey })}\n` : `${publicKey}\n${next}\n`,
      );
      return EXIT.done;
    }
    const keys = (await MemberKeyRing.existing(directory)).keys.map(({ publicKey }) => publicKey);
    terminal.out(
      values.json ? `${JSON.stringify({ encryptionPublicKeys: keys })}\n` : `${keys.join('\n')}\n`,
    );
    return EXIT.done;
  } catch (cause) {
    if (!(cause instanceof ArtefactError)) throw cause;
    throw new InputError({ field: '--data-dir', text: `: ${cause.message}` }, { cause });
  }
}
