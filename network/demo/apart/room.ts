// The hospitals of the test, and what each does with its own command as its own user on its own host. Nobody does
// anything for another; only the mailbox is common.
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { AgreedConsortium } from '../../src/hospital/agreed-consortium.ts';
import { chaincodeSha256 } from '../../src/hospital/code-digest.ts';
import { chaincodeVersion, ownFolder } from '../../src/programs.ts';
import { type DataSource, type DemoHospital, writeExport } from '../data-files.ts';
import { each } from '../enrolment.ts';
import type { Host, Hosts, Said } from './hosts.ts';
import { goInside, type InsideSite } from './inside.ts';

const MAIN = join(ownFolder, 'dist/src/main.js');
const READY_MS = 600_000;

export interface RoomOptions {
  readonly hosts: Hosts;
  readonly source: DataSource;
  readonly ordering: 'raft' | 'bft';
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** The study that runs beside a step. */
export interface RunningStudy {
  readonly studyId: string;
  /** The round that began last. */
  readonly round: number;
}

export interface HospitalStatus {
  readonly processes: readonly {
    readonly name: string;
    readonly state: string;
    readonly pid: number | null;
    readonly restarts: number;
  }[];
  readonly readiness: { readonly ready: boolean; readonly why: string; readonly serving?: string };
  /** Whether its orderer leads the others. */
  readonly leads: boolean;
}

interface Digests {
  readonly genesisSha256: string;
  readonly consortiumSha256: string;
}

/** Files of patients, of the host's user alone. */
export const filesOf = ({ folder }: Host): string => join(folder, 'files');

export class Room {
  readonly hosts: Hosts;
  readonly ordering: 'raft' | 'bft';
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Each hospital's export in its own folder. */
  readonly source: DataSource;
  /** What all agree on at present. */
  consortium: AgreedConsortium;
  genesisSha256 = '';
  /** Those whose people are inside, in the order of the hospitals; who joins later comes last. */
  readonly inside: InsideSite[] = [];
  /** What took how long within a step, where a step says it. */
  readonly timed: { readonly name: string; readonly seconds: number }[] = [];
  /** The study that runs, or the last that did. */
  study: RunningStudy | undefined;

  /** By the name of the host: whoever takes its place has its release. */
  readonly #mains = new Map<string, string>();

  constructor({ hosts, source, ordering, signal, say }: RoomOptions) {
    this.hosts = hosts;
    this.ordering = ordering;
    this.signal = signal;
    this.say = say;
    const hospitals = source.hospitals.map((hospital) => this.#atHome(hospital));
    this.source = { ...source, directory: hosts.root, hospitals };
    this.consortium = this.#firstConsortium();
  }

  #atHome(hospital: DemoHospital): DemoHospital & { readonly source: string } {
    const file = join(filesOf(this.hostOf(hospital.name)), 'export.csv');
    return { ...hospital, source: hospital.file, file };
  }

  hostOf(name: string): Host {
    return this.hosts.all.find((host) => host.name === name)!;
  }

  siteOf(host: Host): InsideSite {
    return this.inside.find((one) => one.host.name === host.name)!;
  }

  /** Those who founded the channel, while they are inside. */
  founders(): InsideSite[] {
    const names = this.source.hospitals.map(({ name }) => name);
    return this.inside.filter(({ hospital }) => names.includes(hospital.name));
  }

  folderOf({ folder }: Host): string {
    return join(folder, 'consilium');
  }

  async init(): Promise<void> {
    this.agreeOn(this.consortium);
    for (const hospital of this.source.hospitals) {
      const host = this.hostOf(hospital.name);
      mkdirSync(filesOf(host), { mode: 0o700 });
      writeExport(hospital, {});
      for (const path of [filesOf(host), hospital.file]) chownSync(path, host.user, host.user);
    }
    const made = await each(this.hosts.all, async (host) => {
      const { roots } = (await this.command(host, 'init')) as { roots: { identity: string; tls: string } };
      return [host.name, roots] as const;
    });
    const roots = new Map(made);
    const organisations = this.consortium.organisations.map((one) => ({
      ...one,
      roots: roots.get(one.name)!,
    }));
    this.agreeOn({ ...this.consortium, organisations });
  }

  /** The first block's digest becomes known, which is the same everywhere. */
  async found(): Promise<void> {
    const [founder, ...others] = this.hosts.all;
    const first = (await this.command(founder!, 'found')) as Digests;
    const rest = (await each(others, (host) => this.command(host, 'found'))) as Digests[];
    for (const one of rest) {
      const same =
        one.genesisSha256 === first.genesisSha256 && one.consortiumSha256 === first.consortiumSha256;
      if (!same) throw new Error('the hospitals have different digests');
    }
    this.genesisSha256 = first.genesisSha256;
  }

  /** A host more, with files of patients of its own. What it does there is its own. */
  addHost(hospital: DemoHospital): { readonly host: Host; readonly hospital: DemoHospital } {
    const host = this.hosts.add(hospital.name);
    // A newcomer takes the release that the others run.
    const main = this.#mains.get(this.hosts.all[0]!.name);
    if (main !== undefined) this.useRelease(host, main);
    const atHome = this.#atHome(hospital);
    mkdirSync(filesOf(host), { mode: 0o700 });
    writeExport(atHome, {});
    for (const path of [filesOf(host), atHome.file]) chownSync(path, host.user, host.user);
    return { host, hospital: atHome };
  }

  /** The people of one that joined reach its gateway. */
  async openTo(host: Host, hospital: DemoHospital): Promise<InsideSite> {
    const { hosts, signal } = this;
    const site = await goInside({ hosts, host, folder: this.folderOf(host), hospital, signal });
    this.inside.push(site);
    return site;
  }

  everywhere(command: string): Promise<unknown[]> {
    return each(this.hosts.all, (host) => this.command(host, command));
  }

  /** Until each of these hospitals' own status says that it is ready. */
  async becomeReady(hosts: readonly Host[] = this.hosts.all): Promise<void> {
    const { signal } = this;
    const deadline = Date.now() + READY_MS;
    await each(hosts, async (host) => {
      for (;;) {
        signal.throwIfAborted();
        const said = await this.ask(host, ['hospital', 'status']);
        if (said.status === 0) return;
        if (Date.now() > deadline)
          throw new Error(`${host.name} is not ready:\n${said.stdout}\n${this.#logs(host)}`);
        await sleep(1000, undefined, { signal });
      }
    });
  }

  /** What each host's own doctor finds wrong. */
  async doctors(): Promise<string[]> {
    const found = await each(this.hosts.all, async (host) => {
      const { stdout } = await this.ask(host, ['hospital', 'doctor']);
      const { findings } = JSON.parse(stdout) as {
        findings: { what: string; state: string; text: string }[];
      };
      const ill = findings.filter(({ state }) => state === 'wrong');
      return ill.map(({ what, text }) => `doctor of ${host.name}: ${what}: ${text}`);
    });
    return found.flat();
  }

  /** The people of each hospital reach its gateway. */
  async openInside(): Promise<void> {
    const { hosts, signal } = this;
    const opened = await each(this.source.hospitals, (hospital) => {
      const host = this.hostOf(hospital.name);
      return goInside({ hosts, host, folder: this.folderOf(host), hospital, signal });
    });
    this.inside.push(...opened);
  }

  /** What goes on after every hospital was stopped. */
  left(): string[] {
    return this.hosts.all.flatMap((host) =>
      this.hosts.processesOf(host).map((pid) => {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200);
        return `a process of ${host.name} goes on after \`hospital down\`: ${command}`;
      }),
    );
  }

  /** The answer of `hospital COMMAND` at a host. @throws Error, if it did not end with 0. */
  command(host: Host, command: string, ...more: readonly string[]): Promise<unknown> {
    return this.answer(host, ['hospital', command, ...more]);
  }

  /** The answer of any command at a host, such as `review FILE`. @throws Error, if it did not end with 0. */
  async answer(host: Host, words: readonly string[]): Promise<unknown> {
    const { status, stdout, stderr } = await this.ask(host, words);
    if (status === 0) return JSON.parse(stdout);
    throw new Error(`${words.join(' ')} at ${host.name} ended with ${status}:\n${stderr}${stdout}`);
  }

  /** The same, however it ends. */
  ask(host: Host, words: readonly string[]): Promise<Said> {
    const file = join(host.folder, 'hospital.yaml');
    const main = this.#mains.get(host.name) ?? MAIN;
    return this.hosts.run(host, [process.execPath, main, ...words, '--hospital', file, '--json']);
  }

  /** What the own status says of each process, and of the gateway. */
  async statusOf(host: Host): Promise<HospitalStatus> {
    return JSON.parse((await this.ask(host, ['hospital', 'status'])).stdout) as HospitalStatus;
  }

  /**
   * Each host once, for what restarts its orderer: one that leads when its turn comes waits until no other is left, so
   * that the orderers choose another one as seldom as they can.
   */
  async *leaderLast(): AsyncGenerator<Host> {
    const left = [...this.hosts.all];
    while (left.length > 0) {
      const leading = await each(left, async (host) => (await this.statusOf(host)).leads);
      const next = Math.max(0, leading.indexOf(false));
      yield left.splice(next, 1)[0]!;
    }
  }

  #logs(host: Host): string {
    const log = join(this.folderOf(host), 'logs/supervisor.log');
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
  }

  /** Each host gets the same bytes, and its own hospital.yaml. */
  agreeOn(consortium: AgreedConsortium): void {
    this.consortium = consortium;
    for (const host of this.hosts.all) this.giveFiles(host);
  }

  /** What is agreed at present, and its own hospital.yaml. */
  giveFiles(host: Host): void {
    this.giveAgreed(host, this.consortium);
    const own = {
      consortium: 'consortium.yaml',
      organisation: host.name,
      folder: this.folderOf(host),
      mailbox: this.hosts.mailbox,
      listen: host.address,
      dataFolders: [filesOf(host)],
    };
    this.hosts.write(host, 'hospital.yaml', stringify(own));
  }

  /** One host gets what was agreed, and the others may have the former text still. */
  giveAgreed(host: Host, consortium: AgreedConsortium): void {
    this.hosts.write(host, 'consortium.yaml', stringify(consortium));
  }

  /** From now on the host's commands are of another release. */
  useRelease(host: Host, main: string): void {
    this.#mains.set(host.name, main);
  }

  #firstConsortium(): AgreedConsortium {
    return {
      form: 'hospitals-apart',
      name: 'heart-clinics',
      channel: 'consortium',
      fabric: '3.1',
      organisations: this.source.hospitals.map(({ name, mspId, title }) => ({
        ...{ name, mspId, title, host: this.hostOf(name).hostName },
      })),
      foundedAt: `${new Date().toISOString().slice(0, 19)}Z`,
      ordering: { kind: this.ordering },
      chaincode: {
        name: 'consilium',
        version: chaincodeVersion(),
        policy: 'MAJORITY',
        sha256: chaincodeSha256(),
      },
    };
  }
}
