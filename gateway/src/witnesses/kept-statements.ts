// What gateways of other hospitals signed, on disk: of each hospital the statement that reaches farthest of those that
// agree with the own history, and the last one that is ahead of it. No more, whatever is sent.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStatement, UnreadableError, type WitnessStatement, writeStatement } from '@consilium/verify';

export interface KeptOfHospital {
  readonly witnessed?: WitnessStatement | undefined;
  readonly ahead?: WitnessStatement | undefined;
}

/** A channel has fewer organisations. */
const HOSPITALS_MAX = 500;
/** As Fabric takes them; also names of files. */
const MSP_ID = /^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/;
const SUFFIX = '.json';
/** Of a quiet ledger a newer word on the same block is written as seldom as this. */
const WRITTEN_EVERY_MS = 60 * 60_000;

export class KeptStatements {
  readonly #directory: string | undefined;
  readonly #log: (text: string) => void;
  readonly #kept = new Map<string, KeptOfHospital>();
  /** What is on disk of it. */
  readonly #written = new Map<string, KeptOfHospital>();

  /**
   * Nothing of it is believed before it was judged: a file that cannot be read is as good as none.
   *
   * @param directory undefined: in memory
   */
  constructor(directory: string | undefined, log: (text: string) => void = () => {}) {
    this.#directory = directory;
    this.#log = log;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      const mspId = name.slice(0, -SUFFIX.length);
      if (!name.endsWith(SUFFIX) || !MSP_ID.test(mspId)) continue;
      try {
        const kept = readKept(readFileSync(join(directory, name), 'utf8'));
        this.#kept.set(mspId, kept);
        this.#written.set(mspId, kept);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
        log(`${join(directory, name)} is not what was written: it is asked for again`);
      }
    }
  }

  get hospitals(): readonly string[] {
    return [...this.#kept.keys()].sort();
  }

  of(mspId: string): KeptOfHospital {
    return this.#kept.get(mspId) ?? {};
  }

  /** @returns false where there is no room for another hospital, or its name is none */
  keep(mspId: string, kept: KeptOfHospital): boolean {
    const isNew = !this.#kept.has(mspId);
    if (isNew && (!MSP_ID.test(mspId) || this.#kept.size >= HOSPITALS_MAX)) return false;
    this.#kept.set(mspId, kept);
    if (this.#directory !== undefined && !isWritten(kept, this.#written.get(mspId))) {
      this.#write(join(this.#directory, `${mspId}${SUFFIX}`), kept);
      this.#written.set(mspId, kept);
    }
    return true;
  }

  /** On a full disk what was kept before stays there. */
  #write(file: string, kept: KeptOfHospital): void {
    const text = (one: WitnessStatement | undefined) =>
      one && Buffer.from(writeStatement(one)).toString('utf8');
    const json = { witnessed: text(kept.witnessed), ahead: text(kept.ahead) };
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify(json)}\n`, { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#log(`${file} cannot be written: ${(error as Error).message}`);
    }
  }
}

function isWritten(kept: KeptOfHospital, written: KeptOfHospital | undefined): boolean {
  if (written === undefined) return false;
  const numberOf = (one: WitnessStatement | undefined) => one?.header.number;
  const atOf = ({ witnessed }: KeptOfHospital) => Date.parse(witnessed?.at ?? '1970-01-01T00:00:00.000Z');
  return (
    numberOf(kept.witnessed) === numberOf(written.witnessed) &&
    numberOf(kept.ahead) === numberOf(written.ahead) &&
    atOf(kept) - atOf(written) < WRITTEN_EVERY_MS
  );
}

/** @throws UnreadableError */
function readKept(text: string): KeptOfHospital {
  let json: { witnessed?: unknown; ahead?: unknown } | null;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UnreadableError('not what was written', { cause });
  }
  const read = (one: unknown) =>
    typeof one === 'string' ? parseStatement(Buffer.from(one, 'utf8')) : undefined;
  return { witnessed: read(json?.witnessed), ahead: read(json?.ahead) };
}
