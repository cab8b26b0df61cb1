// One hospital's gateway as a process of its own, as in a consortium, and a client of its REST service.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '@consilium/chaincode/domain';
import { createApiKey } from '../../src/api-keys.ts';
import type { RunningLedger } from './ledgers.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: a bench looks into answers freely
type Answer = any;

export class GatewayProcess {
  readonly pid: number;
  readonly #url: string;
  readonly #keys: ReadonlyMap<Role, string>;
  readonly #stop: () => Promise<void>;

  private constructor(parts: {
    pid: number;
    url: string;
    keys: Map<Role, string>;
    stop: () => Promise<void>;
  }) {
    this.pid = parts.pid;
    this.#url = parts.url;
    this.#keys = parts.keys;
    this.#stop = parts.stop;
  }

  static async start(ledger: RunningLedger, mspId: string, roles: readonly Role[]): Promise<GatewayProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
    const keysPath = join(directory, 'keys.json');
    const keys = new Map(roles.map((role) => [role, createApiKey({ path: keysPath, role }).key]));
    const child = spawn(process.execPath, [...profiling(), MAIN], {
      env: {
        PATH: process.env.PATH,
        CONSILIUM_CONNECTION: ledger.connectionPath,
        CONSILIUM_MSP_ID: mspId,
        CONSILIUM_CHAINCODE: ledger.chaincode,
        CONSILIUM_API_KEYS: keysPath,
        CONSILIUM_DATA_DIR: directory,
        CONSILIUM_PORT: '0',
        CONSILIUM_REQUESTS_PER_MINUTE: '1000000',
        CONSILIUM_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), exit]);
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
    const { url } = JSON.parse(readFileSync(join(directory, 'gateway.json'), 'utf8')) as { url: string };
    const stop = async () => {
      child.kill('SIGTERM');
      await exit;
      rmSync(directory, { recursive: true, force: true });
    };
    return new GatewayProcess({ pid: child.pid!, url, keys, stop });
  }

  /** @throws Error with the problem where the answer is not the expected one. */
  async post(role: Role, path: string, body: object, idempotencyKey?: string): Promise<Answer> {
    return await this.#call(role, path, {
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

  async #call(role: Role, path: string, request: RequestInit & { headers: Record<string, string> }) {
    const authorization = `Bearer ${this.#keys.get(role)}`;
    const answer = await fetch(`${this.#url}/v1${path}`, {
      ...request,
      headers: { ...request.headers, authorization },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/** PROFILE=DIR writes a processor profile of the gateway there. */
const profiling = (): string[] =>
  process.env.PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`];
