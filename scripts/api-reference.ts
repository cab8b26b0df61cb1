// The API reference of each package: a page with every exported name, its signature and its docstring, under the
// source file that has it and what that file's header says.
import { existsSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { type Declaration, exportedDeclarations } from './declarations.ts';
import { type Package, readPackages } from './packages.ts';

/** How many lines of a signature are shown by how deep its braces are shown: 30, and 60 for its outermost fields. */
const LINES_MAX = [0, 0, 60, 30, 30, 30] as const;

export interface ApiPage {
  readonly package: string;
  /** Below the repository's root. */
  readonly file: string;
  readonly text: string;
  /** Exported names without a docstring, as `path/of/source.ts: name`. */
  readonly undocumented: readonly string[];
}

/** The comment with which a source file begins, as one paragraph. */
export function headerOf(source: string): string {
  const [, block, lines] = /^(?:#!.*\n)?(?:\/\*\*([\s\S]*?)\*\/|((?:\/\/.*\n)+))/.exec(source) ?? [];
  const text = block?.replaceAll(/^\s*\* ?/gm, '') ?? lines?.replaceAll(/^\/\/ ?/gm, '') ?? '';
  return text
    .trim()
    .split(/\n\s*\n/)[0]!
    .replaceAll('\n', ' ');
}

/** A docstring as Markdown: what it throws and takes becomes a list. */
export function docstringMarkdown(docstring: string): string {
  const [text = '', ...tags] = docstring.split(/^@(?=[a-z]+\b)/m);
  const items = tags.map((tag) => {
    const [, kind = '', rest = ''] = /^([a-z]+) ?([\s\S]*)$/.exec(tag.trim()) ?? [];
    const said = rest.replaceAll(/\n\s*/g, ' ');
    const [, parameter, about] = /^([\w$.]+)(?: -)? ([\s\S]*)$/.exec(said) ?? [];
    if (kind === 'param' && parameter !== undefined) return `- \`${parameter}\`: ${about}`;
    return kind === 'throws' ? `- Throws ${said}` : `- ${kind}: ${said}`;
  });
  return [text.trim(), items.join('\n')].filter((part) => part !== '').join('\n\n');
}

/** A signature, without what lies deepest in its braces where it would be too long. */
export function shortened(signature: string): string {
  let text = signature;
  for (let depth = 4; depth > 0 && text.split('\n').length > LINES_MAX[depth + 1]!; depth--) {
    text = '';
    let open = 0;
    for (const character of signature) {
      if (character === '}' && open-- === depth) text += ' … ';
      if (open < depth) text += character;
      if (character === '{') open++;
    }
  }
  return text.replaceAll(/(\{ … \}, )\1+/g, '$1…, ');
}

function section({ name, docstring, signature }: Declaration): string {
  const schema = new RegExp(`\\ntype ${name} = Static<typeof ${name}>;$`);
  const note = schema.test(signature) ? 'A schema, and the type of its values.' : '';
  const parts = [`### ${name}`, docstringMarkdown(docstring), note];
  // Where the compiler had to name what a file does not import, it says from which.
  const plain = signature.replace(schema, '').replaceAll(/import\("[^"]+"\)\./g, '');
  const code = shortened(plain.replaceAll(/\bType\.(?=T[A-Z])/g, ''));
  return [...parts.filter((part) => part !== ''), `\`\`\`ts\n${code}\n\`\`\``].join('\n\n');
}

function pageOf(root: string, { name, folder, entries }: Package, declared: readonly string[]): ApiPage {
  const { description } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    description: string;
  };
  const file = `docs/reference/api/${posix.basename(folder)}.md`;
  const undocumented: string[] = [];
  const parts = [
    `# ${name}`,
    `${description}. Written from the code by \`scripts/write-documentation.sh\`.`,
    `Start with the [README](../../../${folder}/README.md).`,
  ];
  for (const subpath of declared) {
    const entry = posix.join(name, subpath);
    const compiled = join(root, folder, entries[subpath]!.replace(/\.js$/, '.d.ts'));
    const sourceOf = (path: string) =>
      posix.join(folder, relative(join(root, folder, 'dist'), path).replace(/\.d\.ts$/, '.ts'));
    parts.push(`## ${entry}`, headerOf(readFileSync(join(root, sourceOf(compiled)), 'utf8')));
    const byFile = Map.groupBy(exportedDeclarations(compiled), (one) => sourceOf(one.file));
    for (const [source, declarations] of byFile) {
      const about = headerOf(readFileSync(join(root, source), 'utf8'));
      parts.push(`**[${posix.relative(posix.join(folder, 'src'), source)}](../../../${source})**: ${about}`);
      for (const declaration of declarations) {
        parts.push(section(declaration));
        if (declaration.docstring === '' && !declaration.signature.startsWith('namespace'))
          undocumented.push(`${source}: ${declaration.name}`);
      }
    }
  }
  return { package: name, file, text: `${parts.join('\n\n')}\n`, undocumented: [...new Set(undocumented)] };
}

/** A page for each published package in packages/ that has declarations. Needs compiled code. */
export function apiPages(root: string): ApiPage[] {
  return readPackages(root)
    .filter(({ folder, isPrivate }) => folder.startsWith('packages/') && !isPrivate)
    .map((one) => {
      const declared = Object.entries(one.entries).filter(([, file]) =>
        existsSync(join(root, one.folder, file.replace(/\.js$/, '.d.ts'))),
      );
      return { one, declared: declared.map(([subpath]) => subpath) };
    })
    .filter(({ declared }) => declared.length > 0)
    .map(({ one, declared }) => pageOf(root, one, declared));
}
