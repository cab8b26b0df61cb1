// Which rounds of a run this user has begun on this machine, kept outside of the run's folder: a folder that was copied
// and put back does not know what was drawn since, and this does. A round that is written here is never drawn again.
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { reasonOf } from '../commands/input-file.ts';
import { GuardedFile } from './guarded-file.ts';

const SCHEMA = 'CREATE TABLE begun (one INTEGER PRIMARY KEY CHECK (one = 1), round INTEGER NOT NULL) STRICT';

/**
 * Where the system wants the state of a user's programs (XDG Base Directory). A relative path counts as none, as that
 * specification says: it would be another folder wherever the command is called.
 */
export function stateFolder({ XDG_STATE_HOME: state = '', HOME: home = '' } = process.env): string {
  const base = isAbsolute(state) ? state : join(isAbsolute(home) ? home : homedir(), '.local', 'state');
  return join(base, 'consilium-trainer', 'runs');
}

/** Makes the folder. @throws InputError where that fails, or where another user could put an older file back */
function ownStateFolder(): string {
  const folder = stateFolder();
  const refuse = (why: string, cause?: unknown): never => {
    const text = `needs ${folder}, to know which rounds were drawn, and ${why}`;
    const remedy = 'set XDG_STATE_HOME to a folder that is kept';
    throw new InputError({ field: '--checkpoint', text, remedy }, { cause });
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    refuse(`it cannot be made: ${reasonOf(cause)}`, cause);
  }
  const { uid, mode } = statSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) refuse('it belongs to another user');
  if ((mode & 0o022) !== 0) refuse(`others may write to it (mode ${(mode & 0o777).toString(8)})`);
  return folder;
}

export class BegunRounds implements Disposable {
  readonly #file: GuardedFile;
  #round: number;

  /** @throws InputError where the file cannot be made, or is of a run that this user did not begin here */
  constructor(runId: string, expected: 'new' | 'present') {
    this.#file = new GuardedFile({
      file: join(ownStateFolder(), `${runId}.sqlite`),
      schema: SCHEMA,
      tables: [{ name: 'begun', key: ['one'] }],
      field: 'what this machine knows of the run:',
      remedy:
        'a private run goes on only where it was begun, by the same user (and the same XDG_STATE_HOME), since a copy ' +
        'elsewhere could draw a round twice; start a new run',
      expected,
    });
    if (expected === 'new') this.#write('INSERT INTO begun (round, one) VALUES (?, 1)', -1);
    this.#round = Number(this.#file.database.prepare('SELECT round FROM begun').get()?.round);
  }

  /** The last round that was begun; -1 before the first. */
  get round(): number {
    return this.#round;
  }

  /** On disk when it returns. Round 0, which nothing of patients need be drawn for, may be begun again. */
  begin(round: number): void {
    assert(round > this.#round || (round === 0 && this.#round <= 0), `round ${round} was begun before`);
    this.#write('UPDATE begun SET round = ? WHERE one = 1', round);
    this.#round = round;
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #write(sql: string, round: number): void {
    this.#file.commit((database) => database.prepare(sql).run(round));
  }
}
