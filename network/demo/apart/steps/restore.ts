// One organisation is destroyed with its host while a study runs, and restored on another: from an older backup, whose
// trainer must draw nothing, and from the newest, with which the study goes on. Nothing is charged twice, and what the
// restored organisation has is what the others have.
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_ROUTES, ledgerPath } from '@consilium/domain';
import { each, startStudy } from '../../enrolment.ts';
import type { BudgetRow, ChargeRow, JobRow, QuoteRow, RoundRow, StudyRow } from '../../ledger-rows.ts';
import { compareLedgers } from '../compare-ledgers.ts';
import type { Host } from '../hosts.ts';
import { filesOf, type Room } from '../room.ts';
import type { Step } from './step.ts';

const WAIT_MS = 600_000;
const POLL_MS = 1000;
const ROUNDS = 3;
/** Of each round at least, so that the host is lost while the study runs. */
const ROUND_SECONDS = 10;
/** Which hospital: none that the other steps wait for. */
const LOST = 3;

export const restoreStep: Step = { name: 'restore-organisation', when: 'after', run: restoreOrganisation };

async function restoreOrganisation(room: Room): Promise<string[]> {
  const drill = new Drill(room);
  await drill.time('propose a second study and consent to it', () => drill.proposeStudy());
  const older = await drill.time('back up while it runs', () => drill.backUp());
  await drill.time('train until an update is newer than the backup', () => drill.startStudy());
  await drill.rememberPins();
  await drill.time('stop it', () => room.command(drill.lost, 'down'));
  const newest = await drill.time('back up once it is stopped', () => drill.backUp());
  await drill.time('lose the host', () => drill.loseHost());
  await drill.time('restore the older backup on another host', () => drill.restore(older));
  await drill.time('see it draw nothing', () => drill.expectOlderFolder());
  await drill.time('clear the folder', () => drill.clear());
  await drill.time('restore the newest backup', () => drill.restore(newest));
  await drill.time('compare pins', () => drill.comparePins());
  await drill.time('finish the study with it', () => drill.finishStudy());
  await drill.time('compare with the others', () => drill.compare());
  return drill.problems;
}

class Drill {
  readonly problems: string[] = [];
  readonly #room: Room;
  readonly #studyId = `restored-${randomBytes(3).toString('hex')}`;
  readonly #vault: string;
  readonly #passphrase = randomBytes(24).toString('base64url');
  /** What the hospital's own system exports again. */
  readonly #export: Buffer;
  #pins: readonly string[] = [];

  constructor(room: Room) {
    this.#room = room;
    this.#vault = join(room.hosts.root, 'vault');
    mkdirSync(this.#vault, { mode: 0o700 });
    chownSync(this.#vault, this.lost.user, this.lost.user);
    this.#export = readFileSync(this.#site.hospital.file);
  }

  /** The host, and once it is lost the one that took its place. */
  get lost(): Host {
    return this.#room.hosts.all[LOST]!;
  }

  get #site() {
    return this.#room.siteOf(this.lost);
  }

  /** The four who founded the channel: who else there is may have left. */
  get #sites() {
    return this.#room.source.hospitals.map(({ name }) => this.#room.siteOf(this.#room.hostOf(name)));
  }

  async time<T>(what: string, work: () => Promise<T>): Promise<T> {
    const begun = Date.now();
    try {
      return await work();
    } finally {
      const seconds = (Date.now() - begun) / 1000;
      this.#room.timed.push({ name: what, seconds });
      this.#room.say(`  ${what} (${seconds.toFixed(1)} s)`);
    }
  }

  /** Of few steps and much noise, so that it fits beside the first; each round waits for everybody. */
  async proposeStudy(): Promise<void> {
    const [first] = this.#sites;
    const template = await first!.client.get<StudyRow & Record<string, unknown>>(
      ledgerPath('study:get', { studyId: this.#room.study!.studyId }),
    );
    const { model, training, validation, aggregation, unit, question, purpose } = template;
    await first!.client.post(ledgerPath('study:propose', {}), 'researcher', {
      ...{ model, aggregation, unit, question, purpose },
      studyId: this.#studyId,
      title: 'A study during which a hospital loses its host',
      datasets: this.#sites.map(({ hospital }) => hospital.datasetId),
      rounds: ROUNDS,
      training: { ...(training as object), stepsPerRound: 1, noiseMultiplier: '60' },
      validation: { ...(validation as object), noiseMultiplier: '60', minimum: '0' },
      quorum: { updates: 4, validators: 3 },
      roundDeadlineSeconds: 3600,
      notBefore: { updateSeconds: ROUND_SECONDS, verdictSeconds: 0 },
    });
    await each(this.#sites, async ({ hospital, client }) => {
      const { datasetId } = hospital;
      const of = { studyId: this.#studyId, datasetId };
      const { claimedEpsilon, studySha256 } = await client.getOnceThere<QuoteRow>(
        ledgerPath('privacy:quote', of),
      );
      const body = { datasetId, claimedEpsilon, studySha256 };
      await client.post(ledgerPath('study:consent', { studyId: this.#studyId }), 'steward', body);
    });
  }

  /** Until the first round is over: the ledger has an update that the older backup lacks. */
  async startStudy(): Promise<void> {
    const site = this.#sites[0]!;
    const { client } = site;
    await startStudy(site, this.#studyId);
    await this.#until('the first round is over', async () => {
      const rounds = await client.list<RoundRow>(ledgerPath('round:list', { studyId: this.#studyId }));
      return rounds.some(({ state }) => state === 'finalized');
    });
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`it took too long until ${what}`);
      await sleep(POLL_MS, undefined, { signal: this.#room.signal });
    }
  }

  #passphraseFile(): string {
    return this.#room.hosts.write(this.lost, 'passphrase', this.#passphrase);
  }

  async backUp(): Promise<string> {
    const flags = ['--to', this.#vault, '--passphrase-file', this.#passphraseFile()];
    const said = (await this.#room.command(this.lost, 'backup', ...flags)) as Record<string, unknown>;
    const { file, bytes, files, pins, stoppedSeconds } = said;
    this.#room.say(`    ${files} files, ${bytes} bytes, ${pins} pins, away for ${stoppedSeconds} s`);
    return String(file);
  }

  async rememberPins(): Promise<void> {
    this.#pins = await this.#listPins();
  }

  async #listPins(): Promise<string[]> {
    const url = `${this.#site.ipfsUrl}/api/v0/pin/ls?type=recursive`;
    const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(30_000) });
    return Object.keys(((await response.json()) as { Keys: object }).Keys);
  }

  async loseHost(): Promise<void> {
    const site = this.#site;
    const other = await this.#room.hosts.replace(this.lost);
    const files = filesOf(other);
    mkdirSync(files, { mode: 0o700 });
    this.#room.hosts.write(other, 'files/export.csv', this.#export.toString('latin1'));
    chownSync(files, other.user, other.user);
    chownSync(this.#vault, other.user, other.user);
    for (const name of readdirSync(this.#vault)) chownSync(join(this.#vault, name), other.user, other.user);
    this.#room.giveFiles(other);
    await site.moveTo(other);
  }

  async restore(file: string): Promise<void> {
    const flags = ['--from', file, '--passphrase-file', this.#passphraseFile()];
    await this.#room.command(this.lost, 'restore', ...flags);
    await this.#room.command(this.lost, 'up');
    await this.#room.becomeReady([this.lost]);
  }

  /** Nothing of this hospital comes onto the ledger while its folder is older. */
  async expectOlderFolder(): Promise<void> {
    const before = await this.#charges(this.#sites[0]!);
    await this.#until('the trainer says that its folder is older', async () => {
      const jobs = await this.#site.client.get<JobRow[]>(LOCAL_ROUTES.listJobs.path);
      return jobs.some(({ error }) => error?.code === 'TRAINER_FOLDER_OLDER');
    });
    const after = await this.#charges(this.#sites[0]!);
    if (after.length !== before.length) {
      this.problems.push(
        `an older folder was charged for: ${before.length} charges before, ${after.length} after`,
      );
    }
  }

  async clear(): Promise<void> {
    await this.#room.command(this.lost, 'down');
    const folder = this.#room.folderOf(this.lost);
    rmSync(folder, { recursive: true });
  }

  /** Before a further round is over, after which some may be let go. */
  async comparePins(): Promise<void> {
    const pins = new Set(await this.#listPins());
    const missing = this.#pins.filter((cid) => !pins.has(cid));
    if (this.#pins.length === 0 || missing.length > 0) {
      this.problems.push(`${missing.length} of ${this.#pins.length} pins are not there`);
    }
  }

  async finishStudy(): Promise<void> {
    const { client } = this.#sites[0]!;
    await this.#until('the study is completed', async () => {
      const { state } = await client.get<StudyRow>(ledgerPath('study:get', { studyId: this.#studyId }));
      return state === 'completed';
    });
  }

  async #charges({ client }: ReturnType<Room['siteOf']>): Promise<ChargeRow[]> {
    const { datasetId } = this.#site.hospital;
    const all = await client.list<ChargeRow>(ledgerPath('privacy:listEvents', { datasetId }));
    return all.filter(({ studyId }) => studyId === this.#studyId);
  }

  async compare(): Promise<void> {
    const charges = await this.#charges(this.#sites[0]!);
    for (const pool of ['training', 'held-out'] as const) {
      const rounds = charges
        .filter(({ privacyEvent }) => privacyEvent.pool === pool)
        .map(({ round }) => round)
        .sort();
      if (JSON.stringify(rounds) !== JSON.stringify([1, 2, 3])) {
        this.problems.push(
          `${pool} was charged in rounds ${rounds.join(', ')}: once in each of ${ROUNDS} is right`,
        );
      }
    }
    const { datasetId } = this.#site.hospital;
    const budgets = await each(this.#sites, ({ client }) =>
      each(['training', 'held-out'] as const, (pool) =>
        client.get<BudgetRow>(ledgerPath('privacy:getBudget', { datasetId, pool })),
      ),
    );
    const texts = new Set(budgets.map((one) => JSON.stringify(one)));
    if (texts.size !== 1) this.problems.push('budgets differ between hospitals');
    const compared = await compareLedgers(this.#room, [this.#room.hosts.all[0]!, this.lost]);
    for (const line of compared.facts) this.#room.say(`    ${line}`);
    this.problems.push(...compared.problems);
  }
}
