// The checkpoint of a long run: what it goes on from after its last finished round, and which rounds were begun.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { InputError } from '@consilium/command-line';
import type { RoundScores, ScorerState } from '../simulation/held-out-scores.ts';
import type { StudyProgress } from '../simulation/simulate-study.ts';
import { BegunRounds } from './begun-rounds.ts';
import { checkRunFolder, createCheckpointFolder } from './checkpoint-folder.ts';
import { GuardedFile } from './guarded-file.ts';

const VERSION = 1;

const SCHEMA = `
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  is_private INTEGER NOT NULL,
  request TEXT NOT NULL,
  digests TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per charge: a round is drawn at most once. A round without a row has not been begun.
CREATE TABLE rounds (
  round INTEGER PRIMARY KEY,
  outcome TEXT NOT NULL CHECK (outcome IN ('begun', 'finished', 'lost')),
  scores TEXT
) STRICT;

-- What the next round goes on from, as the last one left it; in parts, since SQLite bounds a value at 1 GB.
CREATE TABLE progress (part TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
`;

const TABLES = [
  { name: 'run', key: ['id'] },
  { name: 'rounds', key: ['round'] },
  { name: 'progress', key: ['part'] },
] as const;

/** What a run was asked for, so that it can be asked for again. */
export interface RunRequest {
  readonly command: 'train' | 'simulate';
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** SHA-256 of everything that a run follows from, by what it is. */
export type RunDigests = Readonly<Record<string, string>>;

/** All that is kept of a run after a round. */
export interface RunState {
  readonly progress: StudyProgress;
  readonly scorer: ScorerState | undefined;
  /** Time spent so far. */
  readonly spentMs: { readonly total: number; readonly scoring: number };
}

export class Checkpoint implements Disposable {
  readonly folder: string;
  readonly request: RunRequest;
  readonly isPrivate: boolean;
  readonly #digests: RunDigests;
  readonly #file: GuardedFile;
  readonly #begun: BegunRounds | undefined;

  /** A checkpoint for a new run. @throws InputError where the folder is no good for it */
  static create(
    folder: string,
    run: { readonly request: RunRequest; readonly digests: RunDigests; readonly isPrivate: boolean },
  ): Checkpoint {
    createCheckpointFolder(folder);
    const file = openFile(folder, 'new');
    // From here on the folder is taken, whatever fails: a run without its id elsewhere cannot be resumed.
    const id = randomUUID();
    try {
      const { request, digests, isPrivate } = run;
      const begun = isPrivate ? new BegunRounds(id, 'new') : undefined;
      file.commit((database) => {
        database
          .prepare('INSERT INTO run VALUES (?, ?, ?, ?, ?)')
          .run(id, VERSION, isPrivate ? 1 : 0, JSON.stringify(request), JSON.stringify(digests));
      });
      return new Checkpoint(folder, { file, begun, ...run });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * The checkpoint of a run that was begun.
   *
   * @throws InputError where it is damaged, in use, of another version or user, an older copy, or not of this machine
   */
  static open(folder: string): Checkpoint {
    checkRunFolder(folder);
    const file = openFile(folder, 'present');
    try {
      const row = file.database.prepare('SELECT * FROM run').get();
      if (row === undefined) {
        throw new InputError({
          field: '--checkpoint',
          text: `${folder}: its run was never begun: start a new one`,
        });
      }
      if (row.version !== VERSION) {
        const text = `${folder} is of version ${row.version}, and this trainer reads version ${VERSION}`;
        throw new InputError({ field: '--checkpoint', text, remedy: 'take the trainer that began it' });
      }
      const isPrivate = row.is_private === 1;
      const begun = isPrivate ? new BegunRounds(String(row.id), 'present') : undefined;
      return new Checkpoint(folder, {
        ...{ file, begun, isPrivate },
        request: JSON.parse(String(row.request)) as RunRequest,
        digests: JSON.parse(String(row.digests)) as RunDigests,
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(
    folder: string,
    options: {
      readonly file: GuardedFile;
      readonly begun: BegunRounds | undefined;
      readonly request: RunRequest;
      readonly digests: RunDigests;
      readonly isPrivate: boolean;
    },
  ) {
    this.folder = folder;
    this.#file = options.file;
    this.#begun = options.begun;
    this.request = options.request;
    this.#digests = options.digests;
    this.isPrivate = options.isPrivate;
    try {
      this.#settleBegun();
    } catch (error) {
      this.#begun?.close();
      throw error;
    }
  }

  /** @throws InputError naming what the run was begun with otherwise */
  checkDigests(digests: RunDigests): void {
    const names = [...new Set([...Object.keys(this.#digests), ...Object.keys(digests)])];
    const other = names.filter((name) => this.#digests[name] !== digests[name]);
    if (other.length === 0) return;
    throw new InputError(
      other.map((name) => ({
        field: '--checkpoint',
        text: `${this.folder} was begun with another ${name}`,
        remedy: 'restore what it was, or start a new run in a folder of its own',
      })),
    );
  }

  /**
   * Notes, before anything is drawn for a round, that it is begun: from here on it is charged, and is never drawn again
   * unless the run is not private.
   *
   * First outside of the folder and then in it. A crash in between leaves a round that counts as begun.
   */
  begin(round: number): void {
    this.#begun?.begin(round);
    this.#file.commit((database) =>
      database.prepare("INSERT OR REPLACE INTO rounds (round, outcome) VALUES (?, 'begun')").run(round),
    );
  }

  /** Keeps what a round came to. On disk when it returns. */
  finish(round: number, state: RunState, scores: RoundScores | undefined): void {
    this.#keep(round, { outcome: 'finished', state, scores });
  }

  /** Keeps what the study goes on from after a round that was begun and not finished. */
  lose(round: number, state: RunState): void {
    this.#keep(round, { outcome: 'lost', state, scores: undefined });
  }

  /** Rounds that were begun and not finished: their draws are lost, and are charged. */
  get begunOnly(): readonly number[] {
    return this.#roundsOf('begun');
  }

  get lostRounds(): readonly number[] {
    return this.#roundsOf('lost');
  }

  /** What was released of scores so far, in the rounds' order. */
  get curve(): readonly RoundScores[] {
    return this.#file.database
      .prepare('SELECT scores FROM rounds WHERE scores IS NOT NULL ORDER BY round')
      .all()
      .map(({ scores }) => JSON.parse(String(scores)) as RoundScores);
  }

  /** What the run goes on from; undefined before round 0 is finished. */
  get state(): RunState | undefined {
    const rows = this.#file.database.prepare('SELECT part, value FROM progress').all();
    if (rows.length === 0) return undefined;
    const parts = new Map(rows.map(({ part, value }) => [String(part), deserialize(value as Uint8Array)]));
    const { sites: count, ...whole } = parts.get('study') as Omit<StudyProgress, 'sites'> & {
      readonly sites: number;
    };
    const sites = Array.from(
      { length: count },
      (_, i) => parts.get(`site ${i}`) as StudyProgress['sites'][number],
    );
    return { progress: { ...whole, sites }, ...(parts.get('run') as Omit<RunState, 'progress'>) };
  }

  close(): void {
    this.#begun?.close();
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #keep(
    round: number,
    kept: {
      readonly outcome: 'finished' | 'lost';
      readonly state: RunState;
      readonly scores: RoundScores | undefined;
    },
  ): void {
    const { outcome, state, scores } = kept;
    const { progress, ...run } = state;
    const { sites, ...study } = progress;
    const parts: [string, unknown][] = [
      ['run', run],
      ['study', { ...study, sites: sites.length }],
      ...sites.map((site, i): [string, unknown] => [`site ${i}`, site]),
    ];
    this.#file.commit((database) => {
      const put = database.prepare('INSERT OR REPLACE INTO progress VALUES (?, ?)');
      for (const [part, value] of parts) put.run(part, serialize(value));
      database
        .prepare('UPDATE rounds SET outcome = ?, scores = ? WHERE round = ?')
        .run(outcome, scores === undefined ? null : JSON.stringify(scores), round);
    });
  }

  #roundsOf(outcome: 'begun' | 'lost'): readonly number[] {
    return this.#file.database
      .prepare('SELECT round FROM rounds WHERE outcome = ? ORDER BY round')
      .all(outcome)
      .map(({ round }) => Number(round));
  }

  /**
   * What was begun by this run wherever its folder was copied to.
   *
   * **Guarantee.** A round of a private run is drawn at most once by this user on this machine, whatever became of the
   * folder: it is drawn only after `BegunRounds` moved on to it from the round before, and that never moves back. So a
   * folder that is one round behind may be an older copy, or one whose process died between two writes: in both cases
   * that round counts as begun, and is lost. One that is further behind is an older copy.
   */
  #settleBegun(): void {
    if (this.#begun === undefined) return;
    const { last } = this.#file.database.prepare('SELECT max(round) AS last FROM rounds').get() as {
      last: number | null;
    };
    const own = last ?? -1;
    const { round } = this.#begun;
    if (round === own) return;
    if (round !== own + 1) {
      throw new InputError({
        field: '--checkpoint',
        text:
          `${this.folder} is an older copy: it knows of rounds up to ${own}, and this machine has begun round ` +
          `${round}. Going on from it would draw rounds twice for one charge`,
        remedy: 'resume the newer folder, or start a new run, which is charged by itself',
      });
    }
    this.#file.commit((database) =>
      database.prepare("INSERT INTO rounds (round, outcome) VALUES (?, 'begun')").run(round),
    );
  }
}

const openFile = (folder: string, expected: 'new' | 'present'): GuardedFile =>
  new GuardedFile({
    file: join(folder, 'checkpoint.sqlite'),
    schema: SCHEMA,
    tables: TABLES,
    field: '--checkpoint',
    remedy: 'start a new run in a folder of its own: what this one drew stays charged',
    expected,
  });
