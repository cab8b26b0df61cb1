// Fabric's own commands, run once each as an operator would: every failure says which command, and what it wrote.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FabricBinaries, FabricProgram } from './binaries.ts';
import { type FabricLayout, HOST, type OrdererNode, type PeerNode } from './layout.ts';

const COMMAND_TIMEOUT_MS = 120_000;
const RETRY_PAUSE_MS = 1000;

export class FabricCommandError extends Error {
  override readonly name = 'FabricCommandError';
}

interface Invocation {
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class FabricCommands {
  readonly #binaries: FabricBinaries;
  readonly #layout: FabricLayout;
  readonly #signal: AbortSignal | undefined;

  /** A signal ends the command that runs, and no further one is tried. */
  constructor(binaries: FabricBinaries, layout: FabricLayout, signal?: AbortSignal) {
    this.#binaries = binaries;
    this.#layout = layout;
    this.#signal = signal;
  }

  /** Standard output. @throws FabricCommandError */
  run(program: FabricProgram, { parameters, environment = {} }: Invocation): Promise<string> {
    const { PATH = '', HOME = '' } = process.env;
    const options = {
      env: { PATH, HOME, FABRIC_LOGGING_SPEC: 'error', ...environment },
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: 16 * 1024 * 1024,
      ...(this.#signal && { signal: this.#signal }),
    };
    return new Promise((resolve, reject) => {
      execFile(this.#binaries.programs[program], [...parameters], options, (cause, stdout, stderr) => {
        if (cause === null) return resolve(stdout);
        const said = `${stderr}\n${stdout}`.trim().split('\n').slice(-8).join('\n    ');
        reject(new FabricCommandError(`${program} ${parameters.join(' ')} failed:\n    ${said}`, { cause }));
      });
    });
  }

  /** The `peer` command as the organisation's administrator, at the organisation's own peer. */
  peer({ home, adminMspDir }: PeerNode, ...parameters: string[]): Promise<string> {
    const environment = { FABRIC_CFG_PATH: home, CORE_PEER_MSPCONFIGPATH: adminMspDir };
    return this.run('peer', { parameters, environment });
  }

  /**
   * The orderer's answer. osnadmin exits with 0 whatever the orderer says, so its status is read.
   *
   * @throws FabricCommandError also where the orderer refuses.
   */
  async osnadmin({ adminPort, tls }: OrdererNode, ...parameters: string[]): Promise<unknown> {
    const access = ['--ca-file', tls.root, '--client-cert', tls.certificate, '--client-key', tls.key];
    const where = ['--orderer-address', `${HOST}:${adminPort}`];
    const said = await this.run('osnadmin', { parameters: [...parameters, ...where, ...access] });
    const answer = /^Status: 2\d\d\n(.*)$/s.exec(said);
    if (answer === null)
      throw new FabricCommandError(`osnadmin ${parameters.join(' ')} failed:\n    ${said}`);
    return JSON.parse(answer[1]!);
  }

  /**
   * A message of Fabric's, such as common.Block, as data.
   *
   * @throws FabricCommandError where the bytes are none.
   */
  async decode<T>(type: string, bytes: Uint8Array): Promise<T> {
    const decoded = await this.translate(['proto_decode', '--type', type], { input: bytes });
    return JSON.parse(Buffer.from(decoded).toString('utf8')) as T;
  }

  /** @throws FabricCommandError where the value is no message of this type. */
  encode(type: string, value: unknown): Promise<Uint8Array> {
    const input = Buffer.from(JSON.stringify(value));
    return this.translate(['proto_encode', '--type', type], { input });
  }

  /** What `configtxlator` makes of files, each given to the flag of its name. @throws FabricCommandError */
  translate(parameters: readonly string[], files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
    return this.inFolder(async (folder) => {
      const given = Object.entries(files).flatMap(([name, bytes]) => {
        writeFileSync(join(folder, name), bytes);
        return [`--${name}`, join(folder, name)];
      });
      const output = join(folder, 'output');
      await this.run('configtxlator', { parameters: [...parameters, ...given, '--output', output] });
      return readFileSync(output);
    });
  }

  /** Work with a folder of its own, which is removed afterwards. */
  async inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-fabric-'));
    try {
      return await work(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Where the `peer` command sends transactions: the first orderer. */
  get toOrderer(): string[] {
    const { host, port, tls } = this.#layout.orderers[0]!;
    return ['--orderer', `${host}:${port}`, '--tls', '--cafile', tls.root];
  }

  /** All peers, for a transaction that a majority of the organisations must endorse. */
  get toAllPeers(): string[] {
    return this.#layout.peers.flatMap(({ host, port, tls }) => [
      '--peerAddresses',
      `${host}:${port}`,
      '--tlsRootCertFiles',
      tls.root,
    ]);
  }

  /** Again until it succeeds, since a new network has no leader yet; the last failure is thrown. */
  async insist<T>(forMs: number, attempt: () => Promise<T>): Promise<T> {
    for (const deadline = Date.now() + forMs; ; await sleep(RETRY_PAUSE_MS)) {
      this.#signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }
}
