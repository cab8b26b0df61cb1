// Hosts on one machine: each is a network namespace with an address, a Unix user of its own and a folder that no other
// user may enter. Only a bridge and a mailbox are common. Needs root on Linux.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findKubo } from '../../src/native/binaries.ts';

const PREFIX = 'consilium';
/** Above those that systems give to people and services; each run takes as many as it may need together. */
const FIRST_USER = 61_000;
const USERS_OF_RUN = 16;
const RUNS = 250;
const NETWORK = '10.231.77';
/** The last byte of the address of the first host that takes another's place. */
const FIRST_REPLACEMENT = 101;
const GRACE_MS = 10_000;

export interface Host {
  readonly name: string;
  readonly hostName: string;
  readonly address: string;
  readonly user: number;
  /** Mode 0700, of the user. */
  readonly folder: string;
  readonly namespace: string;
  /** The end of its cable at the bridge. */
  readonly cable: string;
}

export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (program: string, ...parameters: string[]): string =>
  execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Why hosts cannot be made here; undefined where they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'not run: namespaces need root on Linux';
  const name = `${PREFIX}-${process.pid}-probe`;
  try {
    run('ip', 'netns', 'add', name);
    run('ip', 'netns', 'exec', name, 'setpriv', '--version');
    run('python3', '-c', 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)');
    return undefined;
  } catch (error) {
    return `not run: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    try {
      run('ip', 'netns', 'del', name);
    } catch {
      // It was never made.
    }
  }
}

export class Hosts {
  /** In the order in which they were made. */
  readonly #all: Host[];
  readonly #firstUser: number;
  /** Holds the folders of all hosts and the mailbox. */
  readonly root: string;
  readonly mailbox: string;
  readonly bridge: string;
  readonly #environment: Readonly<Record<string, string>>;
  #replaced = 0;
  /** Gives a host's namespace its interface `eth0`. */
  readonly #connect: (host: Host) => void;

  private constructor(names: readonly string[], connect?: (host: Host) => void) {
    this.#connect = connect ?? ((host) => this.#connectToBridge(host));
    this.root = mkdtempSync(join(tmpdir(), `${PREFIX}-hosts-`));
    this.mailbox = join(this.root, 'mailbox');
    this.bridge = `csb${process.pid}`.slice(0, 15);
    this.#firstUser = unusedUsers();
    this.#all = names.map((name, at) => this.#hostAt(name, at));
    const { PATH = '', FABRIC_BIN_DIR = '' } = process.env;
    this.#environment = {
      PATH: [dirname(process.execPath), PATH].join(delimiter),
      FABRIC_BIN_DIR,
      IPFS_BIN: join(this.root, 'bin/ipfs'),
      LANG: 'C.UTF-8',
    };
  }

  get all(): readonly Host[] {
    return this.#all;
  }

  #hostAt(name: string, at: number): Host {
    return {
      name,
      hostName: `${name}.consilium.test`,
      address: `${NETWORK}.${at + 11}`,
      user: this.#firstUser + at,
      folder: join(this.root, name),
      namespace: `${PREFIX}-${process.pid}-${name}`,
      cable: `${this.bridge}${at}`.slice(-15),
    };
  }

  /** One more, whose name the others can look up from now on. */
  add(name: string): Host {
    const host = this.#hostAt(name, this.#all.length);
    this.#all.push(host);
    this.#makeFolder(host);
    this.#makeNamespace(host);
    this.#writeNames();
    return host;
  }

  /**
   * Whatever was made is taken away again where a step fails.
   *
   * @param connect gives a host's namespace its interface, where the hosts are to have other links than cables to the
   * bridge
   */
  static async make(names: readonly string[], connect?: (host: Host) => void): Promise<Hosts> {
    removeAbandoned();
    const hosts = new Hosts(names, connect);
    try {
      hosts.#makeFolders();
      hosts.#makeNetwork();
      for (const host of hosts.all) {
        const { status, stderr } = await hosts.run(host, [process.execPath, '--version']);
        if (status !== 0) throw new Error(`user ${host.user} cannot run Node here: ${stderr}`);
      }
      return hosts;
    } catch (error) {
      await hosts.remove();
      throw error;
    }
  }

  #makeFolders(): void {
    chmodSync(this.root, 0o711);
    mkdirSync(this.mailbox);
    chmodSync(this.mailbox, 0o1777);
    mkdirSync(join(this.root, 'bin'), { mode: 0o755 });
    copyFileSync(findKubo()!, join(this.root, 'bin/ipfs'));
    chmodSync(join(this.root, 'bin/ipfs'), 0o755);
    for (const host of this.all) this.#makeFolder(host);
  }

  #makeFolder({ folder, user }: Host): void {
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, user, user);
  }

  #makeNetwork(): void {
    run('ip', 'link', 'add', this.bridge, 'type', 'bridge');
    // Promiscuous: what the bridge carries between two hosts is seen on it too.
    run('ip', 'link', 'set', this.bridge, 'up', 'promisc', 'on');
    for (const host of this.all) {
      this.#makeNamespace(host);
    }
    this.#writeNames();
  }

  #makeNamespace(host: Host): void {
    run('ip', 'netns', 'add', host.namespace);
    run('ip', '-n', host.namespace, 'link', 'set', 'lo', 'up');
    this.#connect(host);
  }

  #connectToBridge({ namespace, address, cable }: Host): void {
    const inside = 'eth0';
    run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
    run('ip', 'link', 'set', cable, 'master', this.bridge, 'up');
    run('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', inside);
    run('ip', '-n', namespace, 'link', 'set', inside, 'up');
  }

  /** In place: processes that run there see the file that is there, not one that is put in its place. */
  #writeNames(): void {
    const names = this.all.map(({ address, hostName }) => `${address} ${hostName}\n`).join('');
    for (const { namespace } of this.all) {
      mkdirSync(`/etc/netns/${namespace}`, { recursive: true });
      writeFileSync(`/etc/netns/${namespace}/hosts`, `127.0.0.1 localhost\n${names}`);
    }
  }

  /** A process of the host: its user, its namespace, and nothing of our environment. */
  start(host: Host, command: readonly string[]): ChildProcess {
    const { user, namespace, folder } = host;
    const as = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--no-new-privs'];
    return spawn('ip', ['netns', 'exec', namespace, 'setpriv', ...as, '--bounding-set', '-all', ...command], {
      cwd: folder,
      env: { ...this.#environment, HOME: folder, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** The same, to its end. */
  async run(host: Host, command: readonly string[]): Promise<Said> {
    const child = this.start(host, command);
    let [stdout, stderr] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => setImmediate(() => resolve({ status: status ?? -1, stdout, stderr })));
    });
  }

  /** Whether the host reaches others, and they it. */
  setCable({ cable }: Host, is: 'up' | 'down'): void {
    run('ip', 'link', 'set', cable, is);
  }

  /** A file for the host: its user's, and nobody else's to read. */
  write({ folder, user }: Host, name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, user, user);
    return file;
  }

  /** Ids of every process of a host's user. */
  processesOf({ user }: Host): number[] {
    return readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .filter((name) => ownerOf(`/proc/${name}`) === user && !hasEnded(name))
      .map(Number);
  }

  /** The host is lost with all that was on it. Another takes its names, with another user, at another address. */
  async replace(lost: Host): Promise<Host> {
    for (;;) {
      const left = this.processesOf(lost);
      if (left.length === 0) break;
      for (const pid of left) endOne(pid, 'SIGKILL');
      await sleep(100);
    }
    run('ip', 'netns', 'del', lost.namespace);
    rmSync(`/etc/netns/${lost.namespace}`, { recursive: true, force: true });
    rmSync(lost.folder, { recursive: true });
    const at = this.#replaced++;
    const other: Host = {
      ...lost,
      address: `${NETWORK}.${FIRST_REPLACEMENT + at}`,
      user: this.#firstUser + USERS_OF_RUN - 1 - at,
      namespace: `${lost.namespace}-${at}`,
      cable: `${this.bridge}r${at}`.slice(-15),
    };
    this.#all[this.#all.indexOf(lost)] = other;
    this.#makeFolder(other);
    this.#makeNamespace(other);
    this.#writeNames();
    return other;
  }

  /** Ends every process of the hosts, and takes away all that was made. Safe to call at any time. */
  async remove(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const deadline = Date.now() + GRACE_MS;
      for (;;) {
        const left = this.all.flatMap((host) => this.processesOf(host));
        if (left.length === 0 || Date.now() > deadline) break;
        for (const pid of left) endOne(pid, signal);
        await sleep(200);
      }
    }
    removeNetwork(
      this.all.map(({ namespace }) => namespace),
      this.bridge,
    );
    rmSync(this.root, { recursive: true, force: true });
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

/** The first of users who run nothing, so that two runs can go on side by side. */
function unusedUsers(): number {
  const owners = new Set(readdirSync('/proc').map((name) => ownerOf(`/proc/${name}`)));
  const firsts = Array.from({ length: RUNS }, (_, at) => {
    return FIRST_USER + ((process.pid + at) % RUNS) * USERS_OF_RUN;
  });
  const isUnused = (first: number) =>
    [...owners].every((user = 0) => user < first || user >= first + USERS_OF_RUN);
  const found = firsts.find(isUnused);
  if (found === undefined) throw new Error(`all users from ${FIRST_USER} on run something here`);
  return found;
}

/** A process that nobody waits for stays in the list when it has ended. */
function hasEnded(pid: string): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

function endOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

function removeNetwork(namespaces: readonly string[], bridge: string): void {
  const attempt = (...parameters: string[]) => {
    try {
      run('ip', ...parameters);
    } catch {
      // It is not there.
    }
  };
  for (const namespace of namespaces) {
    attempt('netns', 'del', namespace);
    rmSync(`/etc/netns/${namespace}`, { recursive: true, force: true });
  }
  attempt('link', 'del', bridge);
}

/** What a run that was killed left behind: its namespaces carry its process id. */
function removeAbandoned(): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-([0-9]+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNetwork([name], `csb${pid}`.slice(0, 15));
  }
}
