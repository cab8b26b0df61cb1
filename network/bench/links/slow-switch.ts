// Hosts joined by slow links instead of a bridge: a switch of our own holds every frame for a while (slow-switch.py),
// since `netem` is not everywhere. Needs root and /dev/net/tun.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Host } from '../../demo/apart/hosts.ts';
import { ownFolder } from '../../src/programs.ts';

/** What the switch did, and how much later than asked it handed frames on. */
export interface SwitchCounts {
  readonly frames: number;
  readonly bytes: number;
  /** Frames that a full queue refused. */
  readonly dropped: number;
  readonly lateMs: { readonly median: number; readonly p99: number; readonly most: number };
}

export class SlowSwitch {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #interfaces: string[];

  private constructor(child: ChildProcess, interfaces: string[]) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! });
    this.#interfaces = interfaces;
  }

  /** For so many hosts. */
  static async for(count: number): Promise<SlowSwitch> {
    const interfaces = Array.from({ length: count }, (_, at) => `css${process.pid}${at}`.slice(0, 15));
    const script = join(ownFolder, 'bench/links/slow-switch.py');
    const child = spawn('python3', [script, ...interfaces], { stdio: ['pipe', 'pipe', 'inherit'] });
    const made = new SlowSwitch(child, [...interfaces]);
    await made.#line();
    return made;
  }

  /** Moves an interface into the host's namespace: all that it sends and gets passes the switch. */
  connect = ({ namespace, address }: Host): void => {
    const run = (...parameters: string[]) => execFileSync('ip', parameters, { stdio: 'pipe' });
    run('link', 'set', this.#interfaces.shift()!, 'netns', namespace, 'name', 'eth0');
    run('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    run('-n', namespace, 'link', 'set', 'eth0', 'up');
  };

  /** From now on, one way. */
  async setDelay(milliseconds: number): Promise<void> {
    this.#child.stdin!.write(`delay ${milliseconds}\n`);
    await this.#line();
  }

  async end(): Promise<SwitchCounts> {
    this.#child.stdin!.end();
    return JSON.parse(await this.#line()) as SwitchCounts;
  }

  /** Also where `end` was not reached. */
  close(): void {
    this.#child.kill();
  }

  async #line(): Promise<string> {
    const ended = new Promise<never>((_, reject) => {
      this.#lines.once('close', () => reject(new Error('the switch has ended')));
    });
    const line = new Promise<string>((resolve) => this.#lines.once('line', resolve));
    return Promise.race([line, ended]);
  }
}
