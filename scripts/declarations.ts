// What a package exports, read from the declaration files that the compiler wrote: names, signatures and docstrings.
// Their form is regular, and only that form is understood here: decision 44.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Declaration {
  readonly name: string;
  /** The declaration file that has it. */
  readonly file: string;
  /** Without comment marks; empty where there is none. */
  readonly docstring: string;
  /** As a reader sees it: without `export declare`. A schema and the type of its values are two lines. */
  readonly signature: string;
}

interface Statement {
  readonly name: string;
  readonly isExported: boolean;
  readonly docstring: string;
  readonly signature: string;
}

/** Exports of another file: under a name, or all of them (`*`). */
interface Forwarded {
  readonly name: string;
  readonly original: string;
  readonly from: string;
}

const HEAD =
  /^(?:export )?(?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum) ([\w$]+)/;

/** How deep in brackets a line ends, given how deep it began. */
function depthAfter(line: string, before: number): number {
  const code = line.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g, '').replace(/\/\/.*$/, '');
  return before + (code.match(/[([{]/g)?.length ?? 0) - (code.match(/[)\]}]/g)?.length ?? 0);
}

const withoutMarks = (comment: string): string =>
  comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();

/** Lines of a class without its private members and their docstrings. */
function withoutPrivate(lines: readonly string[]): string[] {
  const shown: string[] = [];
  for (const line of lines) {
    if (!/^ {4}(#private;|private (static |readonly |get |set )*[\w$]+[;(])/.test(line)) {
      shown.push(line);
      continue;
    }
    if (!shown.at(-1)?.trim().endsWith('*/')) continue;
    while (!shown.pop()!.trim().startsWith('/**'));
  }
  return shown;
}

/** The statements that a declaration file exports, and what it forwards. */
export function parseDeclarations(text: string): { statements: Statement[]; forwarded: Forwarded[] } {
  const statements: Statement[] = [];
  const forwarded: Forwarded[] = [];
  const imported = new Map<string, Forwarded>();
  const listedHere = new Map<string, string>();
  const lines = text.split('\n');
  let docstring = '';
  for (let at = 0; at < lines.length; at++) {
    const first = lines[at]!;
    if (first.startsWith('/**')) {
      const from = at;
      while (!lines[at]!.includes('*/')) at++;
      docstring = withoutMarks(lines.slice(from, at + 1).join('\n'));
      continue;
    }
    const [, name] = HEAD.exec(first) ?? [];
    if (name !== undefined) {
      const from = at;
      const isBlock = /\b(class|interface|enum) /.test(first.slice(0, first.indexOf(name)));
      let depth = 0;
      let isComment = false;
      for (; at < lines.length; at++) {
        const line = lines[at]!.trim();
        if (line.startsWith('/**')) isComment = true;
        if (!isComment) depth = depthAfter(line, depth);
        const ends = !isComment && depth === 0 && line.endsWith(isBlock ? '}' : ';');
        if (line.endsWith('*/')) isComment = false;
        if (ends) break;
      }
      const signature = withoutPrivate(lines.slice(from, at + 1))
        .join('\n')
        .replace(/^(export )?(declare )?/, '');
      statements.push({ name, isExported: first.startsWith('export '), docstring, signature });
    } else if (/^(import|export)\b/.test(first)) {
      const from = at;
      while (!lines[at]!.includes(';')) at++;
      const statement = lines.slice(from, at + 1).join(' ');
      const [, listed = '', file] =
        /^(?:import|export) (?:type )?\{(.*)\}(?: from '([^']+)')?;/.exec(statement) ?? [];
      for (const one of listed.split(',').filter((part) => part.trim() !== '')) {
        const [original = '', name = original] = one
          .trim()
          .replace(/^type /, '')
          .split(' as ');
        if (first.startsWith('import')) imported.set(name, { name, original, from: file! });
        else if (file !== undefined) forwarded.push({ name, original, from: file });
        else if (imported.has(original)) forwarded.push({ ...imported.get(original)!, name });
        else listedHere.set(original, name);
      }
      const [, space = '*', all] = /^export \*(?: as ([\w$]+))? from '([^']+)';/.exec(statement) ?? [];
      if (all !== undefined) forwarded.push({ name: space, original: '*', from: all });
    }
    docstring = '';
  }
  const exported = statements.map((one) => {
    const name = listedHere.get(one.name);
    return name === undefined ? one : { ...one, name, isExported: true };
  });
  return { statements: exported.filter(({ isExported }) => isExported), forwarded };
}

/** A statement as it is written within another. */
function withDocstring({ docstring, signature }: Declaration): string {
  if (docstring === '') return signature;
  const lines = docstring.split('\n');
  const comment =
    lines.length === 1
      ? `/** ${docstring} */`
      : ['/**', ...lines.map((line) => ` * ${line}`), ' */'].join('\n');
  return `${comment}\n${signature}`;
}

/** Statements of one name: a schema with its type, or a function with its overloads. */
function joined(file: string, name: string, statements: readonly Statement[]): Declaration {
  return {
    name,
    file,
    docstring: statements.map((one) => one.docstring).find((text) => text !== '') ?? '',
    signature: statements.map(({ signature }) => signature).join('\n'),
  };
}

/**
 * Everything that a declaration file exports, in its order.
 *
 * @param file - path of a `.d.ts` file; files that it forwards from are read too
 * @throws Error if a name that it forwards is nowhere
 */
export function exportedDeclarations(file: string): Declaration[] {
  const { statements, forwarded } = parseDeclarations(readFileSync(file, 'utf8'));
  const own = [...new Set(statements.map(({ name }) => name))].map((name) =>
    joined(
      file,
      name,
      statements.filter((one) => one.name === name),
    ),
  );
  const others = forwarded.flatMap(({ name, original, from }): Declaration[] => {
    const target = join(dirname(file), from.replace(/\.(ts|js)$/, '.d.ts'));
    if (!existsSync(target)) throw new Error(`${file} exports ${original} of ${from}, which is not there`);
    const all = exportedDeclarations(target);
    if (name === '*') return all;
    if (original === '*') {
      const members = all
        .map(withDocstring)
        .join('\n')
        .replaceAll(/^(?=.)/gm, '    ');
      return [{ name, file: target, docstring: '', signature: `namespace ${name} {\n${members}\n}` }];
    }
    const found = all.find((one) => one.name === original);
    if (found === undefined)
      throw new Error(`${file} exports ${original} of ${from}, which does not export it`);
    return [{ ...found, name }];
  });
  return [...own, ...others];
}
