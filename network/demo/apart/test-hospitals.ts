// Four hospitals on hosts of their own found a channel and run the heart-disease study, each with its own
// commands, keys and processes. Says how long each step takes, and leaves nothing behind, also after a failure.
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, connect as dial, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { AgreedConsortium } from '../../src/hospital/agreed-consortium.ts';
import { chaincodeSha256 } from '../../src/hospital/code-digest.ts';
import { isSecret } from '../../src/hospital/doctor.ts';
import { INSIDE_PORTS } from '../../src/hospital/hospital-file.ts';
import { findHospitalPrograms, findKubo, whyNoFabric } from '../../src/native/binaries.ts';
import { chaincodeVersion, ownFolder } from '../../src/programs.ts';
import { readSecrets } from '../../src/secrets.ts';
import { type DataSource, uciFiles, writeExport } from '../data-files.ts';
import { each, type Site } from '../enrolment.ts';
import { HospitalClient } from '../hospital-client.ts';
import { progressView } from '../progress-view.ts';
import { StageClock } from '../stage-clock.ts';
import { readStudyPlan } from '../study-plan.ts';
import { runStudy } from '../study-run.ts';
import { summarise } from '../summarise.ts';
import { type Host, Hosts, type Said, whyNoHosts } from './hosts.ts';

const MAIN = join(ownFolder, 'dist/src/main.js');
const READY_MS = 300_000;

export interface TestHospitalsOptions {
  /** The four UCI files. */
  readonly dataDirectory: string;
  readonly ordering: 'raft' | 'bft';
  readonly rounds: number | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface TestHospitalsResult {
  readonly notRun?: string;
  readonly problems: readonly string[];
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
}

/** What keeps it from running here; undefined where nothing does. */
function whyNot(): string | undefined {
  const notRun = whyNoFabric(findHospitalPrograms);
  if (notRun !== false) return notRun;
  if (findKubo() === undefined) return 'not run: no Kubo (`make kubo`, or IPFS_BIN)';
  return whyNoHosts();
}

/** Runs everything. The problems are what did not hold; what fails is thrown, when everything is taken away. */
export async function testHospitals(options: TestHospitalsOptions): Promise<TestHospitalsResult> {
  const notRun = whyNot();
  if (notRun !== undefined) return { notRun, problems: [], steps: [] };
  const { dataDirectory, say, signal } = options;
  const source = uciFiles(dataDirectory);
  const clock = new StageClock();
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const begun = Date.now();
    try {
      return await clock.time(name, work);
    } finally {
      say(`${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    }
  };
  const hosts = await step('make four hosts', () => Hosts.make(source.hospitals.map(({ name }) => name)));
  const open: { close(): unknown }[] = [];
  const problems: string[] = [];
  try {
    const room = new Room(hosts, source, options);
    await step('make identities', () => room.init());
    const genesisSha256 = await step('found the channel', () => room.found());
    const capture = await startCapture(room);
    open.push({ close: () => capture.child.kill('SIGKILL') });
    await step('start four hospitals', () => room.everywhere('up'));
    await step('agree on the chaincode', () => room.becomeReady(signal));
    problems.push(...(await step('ask each doctor', () => room.doctors())));
    const inside = await room.openInside();
    open.push(...inside.servers);
    const { sites, ipfsUrl } = inside;
    const plan = readStudyPlan(options.rounds);
    const view = progressView(process.stderr);
    const addresses = { name: 'hospitals', channel: 'consortium', ipfsUrl, organisations: [] };
    const facts = await step('run the study', () =>
      runStudy({
        ...{ sites, plan, source: room.source, clock, view, addresses, signal },
        trust: { genesisSha256, chaincode: 'consilium', file: join(hosts.root, 'evidence.ndjson') },
      }),
    );
    const summary = summarise({
      ...facts,
      ...{ sites, plan, addresses: { ...addresses, organisations: inside.addresses }, stages: clock.stages },
      network: { runtime: 'native', ordering: options.ordering },
      data: { kind: source.kind, seed: null, own: null },
      peakMemory: null,
      consortiumDirectory: hosts.root,
      kept: false,
    });
    problems.push(
      ...summary.checks.filter(({ holds }) => !holds).map(({ name, detail }) => `${name}: ${detail}`),
    );
    problems.push(...(await step('try to read the others', () => room.readOthers())));
    problems.push(...room.secretsInMailbox());
    problems.push(...(await step('read the capture', () => capture.problems(say))));
    await step('stop four hospitals', () => room.everywhere('down'));
    for (const one of inside.relays) await endRelay(one);
    problems.push(...room.left());
  } finally {
    for (const one of open) one.close();
    await hosts.remove();
  }
  return { problems, steps: clock.stages };
}

/** The hospitals, and what each does with its own command. */
class Room {
  readonly #hosts: Hosts;
  readonly #options: TestHospitalsOptions;
  /** Each hospital's export in its own folder. */
  readonly source: DataSource;

  constructor(hosts: Hosts, source: DataSource, options: TestHospitalsOptions) {
    this.#hosts = hosts;
    this.#options = options;
    const hospitals = source.hospitals.map((hospital) => {
      const file = join(filesOf(this.#hostOf(hospital.name)), 'export.csv');
      return { ...hospital, source: hospital.file, file };
    });
    this.source = { ...source, directory: hosts.root, hospitals };
  }

  #hostOf(name: string): Host {
    return this.#hosts.all.find((host) => host.name === name)!;
  }

  get hosts(): Hosts {
    return this.#hosts;
  }

  folderOf({ folder }: Host): string {
    return join(folder, 'consilium');
  }

  async init(): Promise<void> {
    const consortium = this.#consortium();
    this.#agreeOn(consortium);
    for (const hospital of this.source.hospitals) {
      const host = this.#hostOf(hospital.name);
      mkdirSync(filesOf(host), { mode: 0o700 });
      writeExport(hospital, {});
      for (const path of [filesOf(host), hospital.file]) chownSync(path, host.user, host.user);
    }
    const made = await each(this.#hosts.all, async (host) => {
      const { roots } = (await this.command(host, 'init')) as { roots: { identity: string; tls: string } };
      return [host.name, roots] as const;
    });
    const roots = new Map(made);
    const organisations = consortium.organisations.map((one) => ({ ...one, roots: roots.get(one.name)! }));
    this.#agreeOn({ ...consortium, organisations });
  }

  /** The first block's digest, which is the same everywhere. */
  async found(): Promise<string> {
    const [founder, ...others] = this.#hosts.all;
    const first = (await this.command(founder!, 'found')) as Digests;
    const rest = (await each(others, (host) => this.command(host, 'found'))) as Digests[];
    for (const one of rest) {
      const same =
        one.genesisSha256 === first.genesisSha256 && one.consortiumSha256 === first.consortiumSha256;
      if (!same) throw new Error('the hospitals have different digests');
    }
    return first.genesisSha256;
  }

  everywhere(command: string): Promise<unknown[]> {
    return each(this.#hosts.all, (host) => this.command(host, command));
  }

  async becomeReady(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_MS;
    await each(this.#hosts.all, async (host) => {
      for (;;) {
        signal.throwIfAborted();
        const said = await this.#say(host, 'status');
        if (said.status === 0) return;
        if (Date.now() > deadline)
          throw new Error(`${host.name} is not ready:\n${said.stdout}\n${this.#logs(host)}`);
        await sleep(1000, undefined, { signal });
      }
    });
  }

  /** What each host's own doctor finds wrong. */
  async doctors(): Promise<string[]> {
    const found = await each(this.#hosts.all, async (host) => {
      const { stdout } = await this.#say(host, 'doctor');
      const { findings } = JSON.parse(stdout) as {
        findings: { what: string; state: string; text: string }[];
      };
      const ill = findings.filter(({ state }) => state === 'wrong');
      return ill.map(({ what, text }) => `doctor of ${host.name}: ${what}: ${text}`);
    });
    return found.flat();
  }

  /** The people of each hospital reach its gateway from inside. */
  async openInside() {
    const servers: Server[] = [];
    const relays: ChildProcess[] = [];
    const { gateway, ipfs } = INSIDE_PORTS;
    const relay = join(import.meta.dirname, 'inside-relay.js');
    const opened = await each(this.#hosts.all, async (host) => {
      const sockets = { gateway: join(host.folder, 'gateway.sock'), ipfs: join(host.folder, 'ipfs.sock') };
      const pairs = [`${sockets.gateway}=${gateway}`, `${sockets.ipfs}=${ipfs}`];
      relays.push(this.#hosts.start(host, [process.execPath, relay, ...pairs]));
      while (!existsSync(sockets.ipfs)) await sleep(50);
      return {
        host,
        gateway: await relayTo(sockets.gateway, servers),
        ipfs: await relayTo(sockets.ipfs, servers),
      };
    });
    const { signal } = this.#options;
    const sites = this.source.hospitals.map((hospital): Site => {
      const { host, gateway: url } = opened.find((one) => one.host.name === hospital.name)!;
      const keys = readSecrets(this.folderOf(host), host.name).gateway;
      return { hospital, client: new HospitalClient({ url, keys, signal }) };
    });
    const addresses = this.source.hospitals.map(({ name, mspId, title }) => {
      const { host, gateway: gatewayUrl } = opened.find((one) => one.host.name === name)!;
      const keysFile = join(this.folderOf(host), name, 'keys.json');
      return { name, mspId, title, gatewayUrl, documentationUrl: '', trainerUrl: '', keysFile };
    });
    return { servers, relays, sites, addresses, ipfsUrl: opened[1]!.ipfs };
  }

  /** As each host's user, what of the others can be read; and of everything, what says a secret in its arguments. */
  async readOthers(): Promise<string[]> {
    const problems = await each(this.#hosts.all, async (host) => {
      const others = this.#hosts.all.filter((one) => one !== host).map((one) => this.folderOf(one));
      const script = join(import.meta.dirname, 'read-others.js');
      const { status, stdout, stderr } = await this.#hosts.run(host, [process.execPath, script, ...others]);
      if (status !== 0) return [`nobody could look as ${host.name}: ${stderr}`];
      return (JSON.parse(stdout) as string[]).map((what) => `${host.name} can read ${what}`);
    });
    const secrets = this.secrets();
    const arguments_ = this.#hosts.all
      .flatMap((host) => this.#hosts.processesOf(host))
      .filter((pid) => existsSync(`/proc/${pid}/cmdline`))
      .filter((pid) => secrets.some((secret) => readFileSync(`/proc/${pid}/cmdline`).includes(secret)));
    return [
      ...problems.flat(),
      ...arguments_.map((pid) => `process ${pid} has a secret among its arguments`),
    ];
  }

  /** Every line of every secret of every host that is long enough to be one. */
  secrets(): string[] {
    const lines = this.#hosts.all.flatMap((host) => {
      const folder = this.folderOf(host);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
        isSecret(`/${name}`),
      );
      return files.flatMap((name) => secretLines(readFileSync(join(folder, name), 'utf8')));
    });
    const isOne = (line: string) => line.length >= 40 && /^[A-Za-z0-9+/=_-]+$/.test(line);
    return [...new Set(lines.filter(isOne))];
  }

  secretsInMailbox(): string[] {
    const { mailbox } = this.#hosts;
    const secrets = this.secrets();
    if (secrets.length < 40) return [`only ${secrets.length} secrets were found on the hosts`];
    return readdirSync(mailbox, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => {
        const content = readFileSync(file, 'latin1');
        return content.includes('PRIVATE KEY') || secrets.some((secret) => content.includes(secret));
      })
      .map((file) => `${file} in the mailbox holds a secret`);
  }

  /** What goes on after every hospital was stopped. */
  left(): string[] {
    return this.#hosts.all.flatMap((host) =>
      this.#hosts.processesOf(host).map((pid) => {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200);
        return `a process of ${host.name} goes on after \`hospital down\`: ${command}`;
      }),
    );
  }

  async command(host: Host, command: string): Promise<unknown> {
    const { status, stdout, stderr } = await this.#say(host, command);
    if (status === 0) return JSON.parse(stdout);
    throw new Error(`hospital ${command} at ${host.name} ended with ${status}:\n${stderr}${stdout}`);
  }

  #say(host: Host, command: string): Promise<Said> {
    const file = join(host.folder, 'hospital.yaml');
    return this.#hosts.run(host, [process.execPath, MAIN, 'hospital', command, '--hospital', file, '--json']);
  }

  #logs(host: Host): string {
    const log = join(this.folderOf(host), 'logs/supervisor.log');
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
  }

  /** Each host gets the same bytes, and its own hospital.yaml. */
  #agreeOn(consortium: AgreedConsortium): void {
    const text = stringify(consortium);
    for (const host of this.#hosts.all) {
      this.#hosts.write(host, 'consortium.yaml', text);
      const own = {
        consortium: 'consortium.yaml',
        organisation: host.name,
        folder: this.folderOf(host),
        mailbox: this.#hosts.mailbox,
        listen: host.address,
        dataFolders: [filesOf(host)],
      };
      this.#hosts.write(host, 'hospital.yaml', stringify(own));
    }
  }

  #consortium(): AgreedConsortium {
    return {
      form: 'hospitals-apart',
      name: 'heart-clinics',
      channel: 'consortium',
      fabric: '3.1',
      organisations: this.source.hospitals.map(({ name, mspId, title }) => ({
        ...{ name, mspId, title, host: this.#hostOf(name).hostName },
      })),
      foundedAt: `${new Date().toISOString().slice(0, 19)}Z`,
      ordering: { kind: this.#options.ordering },
      chaincode: {
        name: 'consilium',
        version: chaincodeVersion(),
        policy: 'MAJORITY',
        sha256: chaincodeSha256(),
      },
    };
  }
}

/** The last of several lines of a private key is a part of its public half, which certificates hold too. */
function secretLines(text: string): string[] {
  const [, pem] = /-----BEGIN [A-Z ]+-----\n([^-]+)-----END/.exec(text) ?? [];
  if (pem === undefined) return text.split(/[\n"]/).map((line) => line.trim());
  const lines = pem.trim().split('\n');
  return lines.length > 1 ? lines.slice(0, -1) : lines;
}

/** Files of patients, of the host's user alone. */
const filesOf = ({ folder }: Host): string => join(folder, 'files');

interface Digests {
  readonly genesisSha256: string;
  readonly consortiumSha256: string;
}

/** A port of this machine's own loopback interface that leads to a socket in a host's folder. */
async function relayTo(path: string, servers: Server[]): Promise<string> {
  const server = createServer((socket) => {
    const inside = dial(path);
    pipeline(socket, inside, socket, () => {
      socket.destroy();
      inside.destroy();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function endRelay(relay: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => relay.once('exit', resolve));
  if (relay.exitCode === null && relay.kill('SIGTERM')) await ended;
}

interface Captured {
  readonly flows: Readonly<Record<string, Flow>>;
  readonly others: Readonly<Record<string, number>>;
  readonly leaks: number;
}
interface Flow {
  readonly tls: boolean;
  readonly whole: boolean;
  readonly records: number;
  readonly bytes: number;
  readonly odd?: string;
}

/** From before the first hospital starts. */
async function startCapture(room: Room) {
  const { bridge } = room.hosts;
  const script = join(ownFolder, 'demo/apart/capture.py');
  const secretsFile = room.hosts.write(room.hosts.all[0]!, 'secrets-to-look-for', room.secrets().join('\n'));
  const child: ChildProcess = spawn('python3', [script, bridge, secretsFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.stderr!.once('data', resolve));
  return {
    child,
    async problems(say: TestHospitalsOptions['say']): Promise<string[]> {
      const ended = new Promise((resolve) => child.stdout!.once('end', resolve));
      child.kill('SIGTERM');
      await ended;
      const { flows, others, leaks } = JSON.parse(said) as Captured;
      const seen = Object.entries(flows);
      const records = seen.reduce((sum, [, flow]) => sum + flow.records, 0);
      const lossless = seen.filter(([, flow]) => flow.whole).length;
      say(`  ${seen.length} directions of connections, ${lossless} seen whole, ${records} TLS records`);
      const odd = seen.filter(([, flow]) => !flow.tls);
      return [
        ...(seen.length < 24 || records < 1000
          ? [`the capture saw ${seen.length} flows and ${records} records`]
          : []),
        ...odd.map(([name, flow]) => `${name} is not TLS: it has ${flow.odd} where a record begins`),
        ...Object.keys(others)
          .filter((kind) => !['0x806', '0x86dd'].includes(kind))
          .map((kind) => `the bridge carried ${kind}`),
        ...(leaks > 0 ? [`${leaks} packets carry a secret`] : []),
      ];
    },
  };
}
