// A process that runs one program's commands one after the other, so that its modules are loaded once and not for each
// command. What a command says, its status and its end are those that a process of its own has.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a command runs. */
export interface CommandRun {
  readonly args: readonly string[];
  /** All of its environment; that of this process where nothing is given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** How a command ended. */
export interface EndedCommand {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const HOST = fileURLToPath(new URL('command-host.js', import.meta.url));

/** Commands that one process runs. It is for commands that end by themselves: a signal would end the others too. */
export class CommandProcess {
  readonly #module: string;
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param module the address of the compiled module that runs the program when it is loaded */
  constructor(module: string) {
    this.#module = module;
  }

  /**
   * Runs a command after those that were asked for before it.
   *
   * @throws Error where the command ends the process, which takes what it said with it
   */
  run(command: CommandRun): Promise<EndedCommand> {
    const ended = this.#last.then(() => this.#run(command));
    this.#last = ended.catch(() => undefined);
    return ended;
  }

  /** Ends the process, after what was asked for. */
  async close(): Promise<void> {
    await this.#last;
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    await gone;
  }

  #run({ args, env = process.env, cwd = process.cwd() }: CommandRun): Promise<EndedCommand> {
    const child =
      this.#child ?? fork(HOST, [this.#module], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => {
        this.#child = undefined;
        reject(new Error(`${args.join(' ')} ended the process of commands with ${code}`));
      };
      child.once('exit', onExit);
      child.once('message', (ended) => {
        child.off('exit', onExit);
        resolve(ended as EndedCommand);
      });
      child.send({ args, env, cwd });
    });
  }
}
