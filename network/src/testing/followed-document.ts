// Follows a document literally: every block of shell is pasted into one shell, in order, and what the shell prints is
// held against the block that the document shows after it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Commands of a document, and what it shows of them. */
export interface Step {
  /** The document's line that the commands begin in. */
  readonly line: number;
  /** The nearest heading above. */
  readonly section: string;
  readonly commands: string;
  /** Every block without a language until the next commands, in order. */
  readonly shown: readonly string[];
}

/** The steps of a document in Markdown. */
export function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  let section = '';
  let block: { indent: string; language: string; line: number; lines: string[] } | undefined;
  for (const [index, written] of text.split('\n').entries()) {
    // A block within a list is as far to the right as its first line.
    const line =
      block !== undefined && written.startsWith(block.indent) ? written.slice(block.indent.length) : written;
    const fence = /^( *)```(\w*)$/.exec(line);
    if (block === undefined) {
      if (fence !== null) block = { indent: fence[1]!, language: fence[2]!, line: index + 2, lines: [] };
      else section = /^#+ (.+)$/.exec(line)?.[1] ?? section;
    } else if (fence === null) {
      block.lines.push(line);
    } else {
      const content = block.lines.join('\n');
      const last = steps.at(-1);
      if (block.language === 'sh') steps.push({ line: block.line, section, commands: content, shown: [] });
      else if (block.language === '' && last !== undefined) {
        steps[steps.length - 1] = { ...last, shown: [...last.shown, content] };
      }
      block = undefined;
    }
  }
  return steps;
}

/** What a test runner, npm and make leave in the environment, and what a document sets itself. */
const NOT_OF_A_SHELL = /^(npm_|NODE_TEST|MAKE|MFLAGS|CONSILIUM_|FABRIC_|[A-Z]$)/;

/** A shell as somebody has it who starts to read. Only `make build` is taken out: everything is built. */
export class PastingShell {
  readonly #shell: ChildProcessWithoutNullStreams;
  #out = '';
  #heard: () => void = () => undefined;

  constructor(folder: string) {
    const bin = join(folder, 'out', 'bin');
    mkdirSync(bin, { recursive: true });
    const path = process.env.PATH ?? '';
    const own = Object.entries(process.env).filter(([name]) => !NOT_OF_A_SHELL.test(name));
    const make = `#!/bin/sh\nPATH=\${PATH#*out/bin:} exec make --old-file=build "$@"\n`;
    writeFileSync(join(bin, 'make'), make, { mode: 0o755 });
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: {
        ...Object.fromEntries(own),
        PATH: [bin, dirname(process.execPath), path].join(delimiter),
        HOME: folder,
      },
    });
    this.#shell.stdin.write('exec 2>&1\n');
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#heard();
    });
  }

  /** @returns what the commands print, once the shell has run them all */
  async paste(commands: string, progress: (printed: string) => void = () => undefined): Promise<string> {
    const end = `end of the block ${randomUUID()}`;
    this.#out = '';
    this.#shell.stdin.write(`${commands}\nprintf '%s\\n' '${end}'\n`);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const left = () => reject(new Error(`the shell ended:\n${this.#out}`));
    this.#heard = () => {
      const [printed = '', rest] = this.#out.split(end);
      progress(printed);
      if (rest !== undefined) resolve(printed);
    };
    this.#shell.once('exit', left);
    try {
      return await promise;
    } finally {
      this.#shell.off('exit', left);
      this.#heard = () => undefined;
    }
  }

  /** Ends the shell, and waits for it. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#shell.once('exit', () => resolve()));
    this.#shell.stdin.end();
    await ended;
  }
}

/** Numbers, ids, times and digests differ between runs, and so do lines and bars in their length. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '#'],
  [/(?<!\w)-?\d+\.\d{3,}(?!\w)/g, '#'],
  [/\b\d+(?:\.\d+)? (?:h|min|s)\b(?: \d+ (?:min|s)\b)*/g, '# s'],
  [/(?<![\w-])(?:baf\w{50,}|[\w-]{43}|[\w-]{86})(?![\w-])/g, '#'],
  [/\bheart-uci-[0-9a-f]{6}\b/g, 'heart-uci-#'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '#'],
  [/\b(?=[a-f]*\d)[0-9a-f]{16,}\b/g, '#'],
  [/(?<![\w#])-?\d+(?:[.,:]\d+)*(?!\w)/g, '#'],
  [/[KMG]iB\b/g, 'iB'],
  [/[─]+/g, '─'],
  [/[█░]+/g, '█'],
  [/[ \t]+/g, ' '],
];

/** The lines of a text, each with what differs between runs taken out; `replace` says what else does. */
export function formsOf(text: string, replace: (line: string) => string = (line) => line): string[] {
  return text
    .replace(/^\n+|\s+$/g, '')
    .split('\n')
    .map((line) => FORMS.reduce((form, [pattern, by]) => form.replace(pattern, by), replace(line)).trimEnd());
}

export const readSteps = (file: string): Step[] => stepsOf(readFileSync(file, 'utf8'));
