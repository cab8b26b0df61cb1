// One hospital's gateway as a process of its own, as in a consortium, and a client of its REST service.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '@consilium/domain';
import { API_PREFIX } from '@consilium/domain';
import { createApiKey } from '../../src/http/key-file.ts';
import type { Held } from '../listening/say-held.ts';
import { endsWithBench } from './interruption.ts';
import type { RunningLedger } from './ledgers.ts';
import { cpuMsOf, memoryOf } from './processor-time.ts';

const SAY_HELD = new URL('../listening/say-held.js', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: a bench looks into answers freely
type Answer = any;

export interface GatewayOptions {
  /** Settings beside those of a bench. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What to show in place of the API key of a role, such as a token. */
  readonly shown?: ReadonlyMap<Role, string>;
  /** PEM of the authority of its certificate, where it speaks TLS. */
  readonly authority?: string;
  /** Whether it can be asked what it holds. Its Node then has the options of a consortium's processes. */
  readonly saysHeld?: boolean;
}

export class GatewayProcess {
  readonly pid: number;
  readonly url: string;
  readonly keys: ReadonlyMap<Role, string>;
  /** What a caller of a role shows: its API key, or a token. */
  readonly shown: ReadonlyMap<Role, string>;
  readonly #child: ChildProcess;
  readonly #stop: () => Promise<void>;
  readonly #agent: Agent;
  readonly #request: typeof request;

  private constructor(parts: {
    child: ChildProcess;
    url: string;
    keys: ReadonlyMap<Role, string>;
    shown: ReadonlyMap<Role, string>;
    stop: () => Promise<void>;
    authority: string | undefined;
  }) {
    const { child, url, keys, shown, stop, authority } = parts;
    this.#child = child;
    this.pid = child.pid!;
    this.url = url;
    this.keys = keys;
    this.shown = shown;
    this.#stop = stop;
    const isTls = authority !== undefined;
    this.#agent = isTls ? new TlsAgent({ keepAlive: true, ca: authority }) : new Agent({ keepAlive: true });
    this.#request = isTls ? tlsRequest : request;
  }

  static async start(
    ledger: RunningLedger,
    mspId: string,
    roles: readonly Role[],
    { environment, shown, authority, saysHeld = false }: GatewayOptions = {},
  ): Promise<GatewayProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
    const keysPath = join(directory, 'keys.json');
    const keys = new Map(roles.map((role) => [role, createApiKey({ path: keysPath, role }).key]));
    const looking = saysHeld ? ['--max-semi-space-size=2', '--expose-gc', '--import', SAY_HELD] : [];
    const child = spawn(process.execPath, [...profiling(), ...looking, MAIN], {
      env: {
        PATH: process.env.PATH,
        // As every process of a consortium has it: what threads gave back is not kept for each of them.
        MALLOC_ARENA_MAX: '2',
        CONSILIUM_CONNECTION: ledger.connectionPath,
        CONSILIUM_MSP_ID: mspId,
        CONSILIUM_CHAINCODE: ledger.chaincode,
        CONSILIUM_API_KEYS: keysPath,
        CONSILIUM_DATA_DIR: directory,
        CONSILIUM_PORT: '0',
        CONSILIUM_REQUESTS_PER_MINUTE: '1000000',
        CONSILIUM_LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit', ...(saysHeld ? (['ipc'] as const) : [])],
    });
    endsWithBench(child);
    const exit = once(child, 'exit');
    await Promise.race([once(child.stdout!, 'data'), exit]);
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
    const { url } = JSON.parse(readFileSync(join(directory, 'gateway.json'), 'utf8')) as { url: string };
    const stop = async () => {
      child.kill('SIGTERM');
      await exit;
      rmSync(directory, { recursive: true, force: true });
    };
    return new GatewayProcess({ child, url, keys, shown: shown ?? keys, stop, authority });
  }

  /** @throws Error with the problem where the answer is not the expected one. */
  post(role: Role, path: string, body: object, idempotencyKey?: string): Promise<Answer> {
    return this.#call(role, path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      body: JSON.stringify(body),
    });
  }

  get(role: Role, path: string): Promise<Answer> {
    return this.#call(role, path, { headers: {} });
  }

  #call(
    role: Role,
    path: string,
    {
      method = 'GET',
      headers,
      body = '',
    }: { method?: string; headers: Record<string, string>; body?: string },
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const authorization = `Bearer ${this.shown.get(role)}`;
    const options = {
      agent: this.#agent,
      method,
      headers: { ...headers, authorization, 'content-length': Buffer.byteLength(body) },
    };
    const outgoing = this.#request(`${this.url}${API_PREFIX}${path}`, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${status} ${text}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  /** Resident memory now, and the most there ever was, in MiB; 0 where the system does not say. */
  memoryMiB(): { readonly now: number; readonly peak: number } {
    return memoryOf(this.pid);
  }

  /** What its threads hold once all else is collected. Only of one that says it. */
  async held(): Promise<Held> {
    const answered = once(this.#child, 'message');
    this.#child.send('');
    const [held] = (await answered) as [Held];
    return held;
  }

  cpuMs(): number {
    return cpuMsOf(this.pid);
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#stop();
  }
}

/** PROFILE=DIR writes a processor profile of the gateway there. */
const profiling = (): string[] =>
  process.env.PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`];
