// What this trainer is doing right now, for /local/jobs: one line per study, with the step it is at and, while
// something outside fails, the error and when it is tried again.
export interface JobError {
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly retryAt: string | null;
}

/** What this hospital owes since another's, or its own, consent was withdrawn. */
export interface OwedErasure {
  readonly datasetId: string;
  /** From then on (ISO 8601) it is overdue. */
  readonly dueAt: string;
}

/** A key for a withdrawn dataset's updates that could not be destroyed. */
export interface KeptKeyError extends JobError {
  readonly datasetId: string;
}

export interface Job {
  readonly studyId: string;
  readonly round: number | null;
  readonly stage: string;
  readonly datasetId?: string;
  readonly step?: number;
  readonly steps?: number;
  readonly startedAt: string;
  readonly error?: JobError;
  /** Absent where nothing is owed. */
  readonly erasures?: readonly (OwedErasure & { readonly overdue: boolean })[];
  /** Absent where every key that is to be destroyed is. */
  readonly keptKeys?: readonly KeptKeyError[];
}

interface Owed {
  readonly erasures: readonly OwedErasure[];
  readonly since: string;
  readonly error?: JobError;
}

export class JobBoard {
  readonly #jobs = new Map<string, Job>();
  readonly #owed = new Map<string, Owed>();
  readonly #keptKeys = new Map<string, { readonly keys: readonly KeptKeyError[]; readonly since: string }>();

  /** @param nowMs by which what is owed is overdue */
  list(nowMs = Date.now()): Job[] {
    const jobs = new Map(this.#jobs);
    for (const [studyId, { erasures, since: startedAt, error }] of this.#owed) {
      // What a study owes stays on the board when the study has ended.
      const job = jobs.get(studyId) ?? { studyId, round: null, stage: 'erasing', startedAt };
      const due = erasures.map((one) => ({ ...one, overdue: nowMs >= Date.parse(one.dueAt) }));
      jobs.set(studyId, { ...(error !== undefined && { error }), ...job, erasures: due });
    }
    for (const [studyId, { keys, since: startedAt }] of this.#keptKeys) {
      const job = jobs.get(studyId) ?? { studyId, round: null, stage: 'erasing', startedAt };
      jobs.set(studyId, { ...job, keptKeys: keys });
    }
    return [...jobs.values()].sort((a, b) => (a.studyId < b.studyId ? -1 : 1));
  }

  /** Shows what is owed in a study, until it is said again; nothing where there is none. */
  owe(studyId: string, erasures: readonly OwedErasure[], error?: JobError): void {
    const since = this.#owed.get(studyId)?.since ?? new Date().toISOString();
    if (erasures.length === 0 && error === undefined) this.#owed.delete(studyId);
    else {
      const said = erasures.map(({ datasetId, dueAt }) => ({ datasetId, dueAt }));
      this.#owed.set(studyId, { erasures: said, since, ...(error !== undefined && { error }) });
    }
  }

  /** The same before it is tried: why it failed before stays until then. */
  stillOwe(studyId: string, erasures: readonly OwedErasure[]): void {
    this.owe(studyId, erasures, erasures.length === 0 ? undefined : this.#owed.get(studyId)?.error);
  }

  /** What is owed is not done yet, and why. */
  failErasure(studyId: string, error: JobError): void {
    this.owe(studyId, this.#owed.get(studyId)?.erasures ?? [], error);
  }

  /** Shows the keys that could not be destroyed, until it is said again; nothing where there is none. */
  keepKeys(studyId: string, keys: readonly KeptKeyError[]): void {
    const since = this.#keptKeys.get(studyId)?.since ?? new Date().toISOString();
    if (keys.length === 0) this.#keptKeys.delete(studyId);
    else this.#keptKeys.set(studyId, { keys, since });
  }

  start(studyId: string, job: { round: number | null; stage: string; datasetId?: string }): void {
    const before = this.#jobs.get(studyId);
    const same = before?.stage === job.stage && before.round === job.round;
    // An error stays on the board until its stage succeeds or another one begins.
    const kept = same ? { startedAt: before.startedAt, ...(before.error && { error: before.error }) } : {};
    this.#jobs.set(studyId, { studyId, startedAt: new Date().toISOString(), ...job, ...kept });
  }

  progress(studyId: string, step: number, steps: number): void {
    const job = this.#jobs.get(studyId);
    if (job !== undefined) this.#jobs.set(studyId, { ...job, step, steps });
  }

  fail(studyId: string, error: JobError): void {
    const job = this.#jobs.get(studyId);
    const base = job ?? {
      studyId,
      round: null,
      stage: 'reading the ledger',
      startedAt: new Date().toISOString(),
    };
    this.#jobs.set(studyId, { ...base, error });
  }

  succeed(studyId: string): void {
    const job = this.#jobs.get(studyId);
    if (job?.error === undefined) return;
    const { error: _, ...rest } = job;
    this.#jobs.set(studyId, rest);
  }

  end(studyId: string): void {
    this.#jobs.delete(studyId);
  }
}
