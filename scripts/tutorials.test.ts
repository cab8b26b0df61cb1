// What the tutorials show of commands and of the demo's report is what these have today. Their output is pasted from a run,
// and would not notice by itself that a check or an option is another one now.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeBlocks } from './examples.ts';
import { readPackages } from './packages.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const tutorials = globSync('docs/tutorials/*.md', { cwd: root }).sort();
const isApart = (name: string) => ['dist', 'node_modules', 'testing'].includes(name);

const sources = new Map<string, string>();

/** The sources of the package that has a command, without tests. */
function sourcesOf(command: string): string {
  const known = sources.get(command);
  if (known !== undefined) return known;
  const found = readPackages(root).find(({ commands }) => Object.hasOwn(commands, command));
  assert.ok(found, `no package has the command ${command}`);
  const text = globSync(`${found.folder}/**/*.ts`, { cwd: root, exclude: isApart })
    .filter((file) => !file.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  sources.set(command, text);
  return text;
}

/** Commands of ours in a block of shell, each with its options; a line that ends in a backslash goes on. */
const commandsIn = (block: string): { command: string; options: string[] }[] =>
  [...block.replaceAll('\\\n', ' ').matchAll(/\b(consilium-[a-z-]+)([^|&;\n)]*)/g)].map(
    ([, command = '', rest = '']) => ({
      command,
      options: [...rest.matchAll(/(?<=\s)--([a-z-]+)/g)].map(([, option]) => option!),
    }),
  );

test('a command of ours is found with its options, over several lines and within others', () => {
  const block =
    'KEY=$(consilium-gateway key create --role auditor)\nconsilium-trainer train --data a \\\n  --out b | tail -1\n';
  assert.deepEqual(commandsIn(block), [
    { command: 'consilium-gateway', options: ['role'] },
    { command: 'consilium-trainer', options: ['data', 'out'] },
  ]);
});

for (const tutorial of tutorials) {
  test(`${tutorial}: every option of our commands is one that they explain`, () => {
    const unknown = codeBlocks(read(tutorial), 'sh')
      .flatMap(commandsIn)
      .flatMap(({ command, options }) => {
        const sources = options.length === 0 ? '' : sourcesOf(command);
        return options
          .filter((option) => !sources.includes(`--${option}`))
          .map((one) => `${command} --${one}`);
      });
    assert.deepEqual(unknown, []);
  });
}

test('the first study shows every check that the demo makes', () => {
  const made = [...read('network/demo/checks.ts').matchAll(/\bcheck\(\s*'([^']+)'/g)].map(([, name]) => name);
  assert.ok(made.length > 8);
  const shown = [...read('docs/tutorials/first-study.md').matchAll(/^ {2}✔ (.+) \(.+\)$/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(shown.toSorted(), made.toSorted());
});
