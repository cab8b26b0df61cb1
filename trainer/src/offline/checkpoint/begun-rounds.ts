// Which rounds of a run this user has begun on this machine, kept outside of the run's folder: a folder that was copied
// and put back does not know what was drawn since, and this does. A round that is written here is never drawn again.
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { reasonOf } from '../commands/input-file.ts';
import { GuardedFile } from './guarded-file.ts';

const SCHEMA = 'CREATE TABLE begun (one INTEGER PRIMARY KEY CHECK (one = 1), round INTEGER NOT NULL) STRICT';

/** Where the system wants the state of a user's programs (XDG Base Directory). */
export const stateFolder = (environment = process.env): string =>
  join(
    environment.XDG_STATE_HOME || join(environment.HOME || homedir(), '.local', 'state'),
    'consilium-trainer',
    'runs',
  );

export class BegunRounds implements Disposable {
  readonly #file: GuardedFile;
  #round: number;

  /** @throws InputError where the file cannot be made, or is of a run that this user did not begin here */
  constructor(runId: string, expected: 'new' | 'present') {
    const folder = stateFolder();
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      const text = `needs ${folder}, to know which rounds were drawn, and it cannot be made: ${reasonOf(cause)}`;
      const remedy = 'set XDG_STATE_HOME to a folder that is kept';
      throw new InputError({ field: '--checkpoint', text, remedy }, { cause });
    }
    this.#file = new GuardedFile({
      file: join(folder, `${runId}.sqlite`),
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

  /** On disk when it returns. */
  begin(round: number): void {
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
