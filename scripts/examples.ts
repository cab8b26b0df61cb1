// Examples as their documents have them: code blocks of READMEs, and the examples/ folder, each with a command and
// what it prints.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Example {
  /** Its folder in examples/. */
  readonly name: string;
  /** The packages that it shows, as examples/README.md lists them. */
  readonly packages: readonly string[];
  /** For a shell in a folder that has `examples/` and `network/`, with the packages' commands in PATH. */
  readonly command: string;
  /** What its README says that it prints. */
  readonly output: string;
  readonly readme: string;
}

/** The code blocks of a document in one language ('' for those that name none), in order. */
export function codeBlocks(document: string, language: string): string[] {
  const blocks = [...document.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, named]) => named === language).map(([, , text]) => text!);
}

/** Every folder of examples/. */
export function readExamples(root: string): Example[] {
  const folder = join(root, 'examples');
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => name !== 'dist');
  return names.sort().map((name) => {
    const file = join(folder, name, 'README.md');
    const readme = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const row = index.split('\n').find((line) => line.startsWith(`| [${name}](${name}/README.md) |`)) ?? '';
    const packages = [...row.matchAll(/`(@consilium\/[a-z-]+)`/g)].map(([, one]) => one!);
    const [command = ''] = codeBlocks(readme, 'sh');
    const [output = ''] = codeBlocks(readme, '');
    return { name, packages, command, output, readme };
  });
}

/**
 * Whether a program prints what a README says.
 *
 * @param numbers - `exact`, or `any` where they follow from noise: then each stands for any other number
 * @param written - a line that is `…` stands for any lines
 */
export function isOutput(printed: string, written: string, numbers: 'exact' | 'any'): boolean {
  const plain = (text: string) =>
    numbers === 'exact'
      ? text.trim()
      : text
          .trim()
          .replaceAll(/\d+(\.\d+)?/g, '#')
          .replaceAll(/ +/g, ' ');
  const escaped = plain(written).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/^…$/gm, '[\\s\\S]*')}$`).test(plain(printed));
}
