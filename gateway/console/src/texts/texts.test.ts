// The catalogue against the sources that say its texts. A text that is missing does not compile; this finds those that
// nothing says. A key that is put together, such as `states.${state}`, means every key of its form: a text is not
// found dead where only the values of such a key have changed.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const SOURCES = join(import.meta.dirname, '../../../src');

/** A function that says texts of a group: `const { t: word } = useTranslation('group')`, or `useTranslation().t`. */
const SAYS =
  /const (?:\{ [^}]*?\bt(?:: (?<other>\w+))?\b[^}]*\}|(?<named>\w+)) = useTranslation\((?:'(?<group>\w+)')?\)/g;
const LITERAL = /'(?<plain>[^'\n]*)'|`(?<together>[^`]*)`/g;
/** What is not known of a key that is put together. */
const HOLE = /\$\{[^}]*\}/;
const PLURAL = /_(one|other)$/;

const escaped = (text: string) => text.replace(/[.*+?^$()|[\]\\{}]/g, String.raw`\$&`);

/** Forms of all keys in a piece of source. */
function formsIn(source: string): RegExp[] {
  return [...source.matchAll(LITERAL)].map(({ groups }) => {
    const parts = groups!.plain === undefined ? groups!.together!.split(HOLE) : [groups!.plain];
    return new RegExp(`^${parts.map(escaped).join('.+')}$`);
  });
}

/** The first argument of a call, of which `rest` begins behind the parenthesis. */
function firstArgument(rest: string): string {
  let depth = 0;
  for (let at = 0; at < rest.length; at += 1) {
    const sign = rest[at]!;
    if (depth === 0 && (sign === ')' || sign === ',')) return rest.slice(0, at);
    if ('([{'.includes(sign)) depth += 1;
    if (')]}'.includes(sign)) depth -= 1;
  }
  return rest;
}

/** What a source says: forms of keys by their group. */
function saidBy(source: string): (readonly [group: string, key: RegExp])[] {
  return [...source.matchAll(SAYS)].flatMap(({ groups }) => {
    const { other, named, group = 'words' } = groups!;
    const call = new RegExp(String.raw`(?<![\w.])${other ?? named ?? 't'}\(`, 'g');
    return [...source.matchAll(call)].flatMap(({ 0: { length }, index }) => {
      const inCall = formsIn(firstArgument(source.slice(index + length)));
      // A key out of a table: it is somewhere in the same file.
      return (inCall.length > 0 ? inCall : formsIn(source)).map((key) => [group, key] as const);
    });
  });
}

type Texts = { readonly [key: string]: string | Texts };
const keysOf = (texts: Texts, under = ''): string[] =>
  Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string' ? [`${under}${key}`.replace(PLURAL, '')] : keysOf(text, `${under}${key}.`),
  );

/** Keys of groups that no source says, each as `group key`. */
function findUnsaid(catalogue: Readonly<Record<string, Texts>>, sources: readonly string[]): string[] {
  const said = Map.groupBy(sources.flatMap(saidBy), ([group]) => group);
  return Object.entries(catalogue).flatMap(([group, texts]) =>
    [...new Set(keysOf(texts))]
      .filter((key) => !said.get(group)?.some(([, form]) => form.test(key)))
      .map((key) => `${group} ${key}`),
  );
}

test('every text of the catalogue is said by a source', () => {
  const sources = globSync('**/*.{ts,tsx}', { cwd: SOURCES })
    .filter((file) => !file.includes('.test.'))
    .map((file) => readFileSync(join(SOURCES, file), 'utf8'));
  const catalogue = Object.fromEntries(
    globSync('texts/en/*.json', { cwd: SOURCES }).map((file) => [
      basename(file, '.json'),
      JSON.parse(readFileSync(join(SOURCES, file), 'utf8')) as Texts,
    ]),
  );
  assert.ok(sources.length > 100 && Object.keys(catalogue).length > 10, 'sources and texts were found');
  assert.deepEqual(findUnsaid(catalogue, sources), []);
});

test('a text counts as said in its own group alone, whole, put together, chosen, counted or out of a table', () => {
  const catalogue = {
    words: { title: 'a', close: 'b' },
    study: {
      title: 'c',
      states: { open: 'd', gone: { long: 'e' } },
      rows_one: 'f',
      rows_other: 'g',
      yes: 'h',
      no: 'i',
      cells: { none: 'j' },
      list: 'k',
    },
  };
  const source = `
    const CELLS = { none: 'cells.none' } as const;
    const { t } = useTranslation('study');
    const { t: word } = useTranslation();
    return [word('title'), t(\`states.\${state}\`, { at: 'list' }), t('rows', { count }), t(is ? 'yes' : 'no')];`;
  assert.deepEqual(findUnsaid(catalogue, [source]), [
    'words close',
    'study title',
    'study cells.none',
    'study list',
  ]);
  const withTable = `${source} t(CELLS[kind]);`;
  assert.deepEqual(findUnsaid(catalogue, [withTable]), ['words close']);
  const named = "const say = useTranslation().t; say('close');";
  assert.deepEqual(findUnsaid({ words: catalogue.words }, [named]), ['words title']);
});
