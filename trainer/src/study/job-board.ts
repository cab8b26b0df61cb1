// What this trainer is doing right now, for /local/jobs: one line per study, with the step it is at and, while
// something outside fails, the error and when it is tried again.
export interface JobError {
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly retryAt: string | null;
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
}

export class JobBoard {
  readonly #jobs = new Map<string, Job>();

  list(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => (a.studyId < b.studyId ? -1 : 1));
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
