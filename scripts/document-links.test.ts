// Every relative link of every document leads to a file that exists, and every anchor to a heading or a named place
// in it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const isClone = existsSync(join(root, '.git'));
const skip = isClone ? false : 'not run: not a git checkout, so the list of files is unknown';
const documents = isClone
  ? execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => file !== '' && existsSync(join(root, file)))
  : [];

/** Without code, in which brackets mean something else. */
const prose = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');

/** The anchor that a heading gets on the web. */
const slug = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
  const counted = headings.map((anchor, index) => {
    const before = headings.slice(0, index).filter((other) => other === anchor).length;
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
  const named = [...text.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id = '']) => id);
  return new Set([...counted, ...named]);
}

function brokenLinks(file: string, text: string, read: (path: string) => string | undefined): string[] {
  const targets = [...prose(text).matchAll(/\]\(<?([^)\s>]+)>?\)/g)].map(([, target = '']) => target);
  return targets.flatMap((target) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const at = path === '' ? file : normalize(join(dirname(file), path));
    const found = at === file ? text : read(at);
    if (found === undefined) return [`${file}: ${target} is not there`];
    if (anchor === undefined || !at.endsWith('.md') || anchorsOf(found).has(anchor)) return [];
    return [`${file}: ${target} has no such heading`];
  });
}

/** The text of a file; empty for a folder; undefined for what does not exist. */
function readTarget(path: string): string | undefined {
  if (!existsSync(join(root, path))) return undefined;
  return path.endsWith('.md') ? readFileSync(join(root, path), 'utf8') : '';
}

test('every relative link and anchor of the documents leads somewhere', { skip }, () => {
  assert.ok(documents.length > 40);
  const broken = documents.flatMap((file) =>
    brokenLinks(file, readFileSync(join(root, file), 'utf8'), readTarget),
  );
  assert.deepEqual(broken, []);
});

test('a link to a missing file, a missing heading, or a heading of another file is noticed', () => {
  const files: Record<string, string> = {
    'docs/a.md': '# A title\n## Twice\n## Twice\n<a id="here"></a>\n',
    'docs/b.md': '',
  };
  const read = (path: string) => files[path];
  const text =
    '# Own\n[1](a.md) [2](a.md#a-title) [3](a.md#twice-1) [4](a.md#here) [5](#own) [6](https://x.y/z)\n' +
    '[7](c.md) [8](a.md#own) [9](b.md#a-title) [10](#a-title)\n```\n[11](code.md)\n```\n';
  assert.deepEqual(brokenLinks('docs/own.md', text, read), [
    'docs/own.md: c.md is not there',
    'docs/own.md: a.md#own has no such heading',
    'docs/own.md: b.md#a-title has no such heading',
    'docs/own.md: #a-title has no such heading',
  ]);
});
