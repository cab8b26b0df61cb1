// Trainings run one after the other, since each takes all the processors it can use. Whose turn it is goes round among
// the members that asked for studies, and among the studies of each: many studies of one, or one that fails and comes
// again, hold up another by one training at most.
interface Waiting {
  readonly requester: string;
  readonly studyId: string;
  readonly begin: () => Promise<void>;
}

export class TrainingQueue {
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting[] = [];
  /** Requesters, and studies, by when they last had their turn: those that never had one are not there. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  #busy = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The outcome of the work, once its turn has come. Rejects for work whose turn comes after the signal's abort. */
  run<T>(of: { readonly requester: string; readonly studyId: string }, work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const begin = async () => {
      try {
        this.#signal.throwIfAborted();
        resolve(await work());
      } catch (error) {
        reject(error);
      }
    };
    this.#waiting.push({ ...of, begin });
    void this.#work();
    return promise;
  }

  /** Forgets when a study that is over had its turn. */
  forget(studyId: string): void {
    this.#turns.delete(turnOf('study', studyId));
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) await next.begin();
    this.#busy = false;
  }

  /** Of those that wait the one whose requester, then whose study, had its turn longest ago; the first of equals. */
  #take(): Waiting | undefined {
    const [first, ...others] = this.#waiting;
    if (first === undefined) return undefined;
    const chosen = others.reduce((best, other) => (this.#isBefore(other, best) ? other : best), first);
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
    this.#turn += 1;
    this.#turns.set(turnOf('member', chosen.requester), this.#turn);
    this.#turns.set(turnOf('study', chosen.studyId), this.#turn);
    return chosen;
  }

  #isBefore(a: Waiting, b: Waiting): boolean {
    const last = (kind: 'member' | 'study', id: string) => this.#turns.get(turnOf(kind, id)) ?? 0;
    const members = last('member', a.requester) - last('member', b.requester);
    return members === 0 ? last('study', a.studyId) < last('study', b.studyId) : members < 0;
  }
}

const turnOf = (kind: 'member' | 'study', id: string): string => `${kind} ${id}`;
