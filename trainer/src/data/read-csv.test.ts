// Text files as hospitals' systems write them, and files that are none: each is read, with what was guessed, or refused
// in a sentence of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Dictionary } from '@consilium/domain';
import fc from 'fast-check';
import { sourceOfBytes } from './byte-source.ts';
import { describeFormat, type FormatOptions } from './csv-format.ts';
import { DATA_PROBLEMS, DataError, describeProblem } from './data-problem.ts';
import { plainDecimal, readTextRows } from './read-csv.ts';
import { readContent, unitsOf } from './testing/read-units.ts';

const dictionary: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: ['-9'],
  features: [
    { name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 0, high: 120 } },
    { name: 'sex', kind: 'binary' },
    { name: 'place', kind: 'categorical', categories: ['Köln', 'Łódź', 'Bonn'] },
  ],
  label: { column: 'ill', title: 'Ill', rule: { kind: 'binary' } },
  maxRowsPerPatient: 1,
};
const rows = Array.from({ length: 12 }, (_, i) => [
  `p${i}`,
  `${40 + i}.5`,
  i % 2,
  ['Köln', 'Bonn'][i % 2],
  i % 2,
]);
const csv = `id,age,sex,place,ill\n${rows.map((row) => row.join(',')).join('\n')}\n`;
const german = csv.replaceAll(',', ';').replaceAll('.5', ',5');
const read = (content: string | Uint8Array, format?: FormatOptions, of = dictionary) =>
  readContent(content, of, { format });

async function refusalOf(content: string | Uint8Array, format?: FormatOptions, of = dictionary) {
  try {
    await read(content, format, of);
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    return error;
  }
  return assert.fail('it was read');
}

test('semicolons, tabs, bars, decimal commas and encodings are guessed, and what was guessed is stated', async () => {
  const wanted = unitsOf(await read(csv));
  const cases: readonly [content: string | Uint8Array, stated: string | undefined][] = [
    [csv, undefined],
    [german, 'taken to have fields separated by semicolons, decimal commas'],
    [csv.replaceAll(',', ';'), 'taken to have fields separated by semicolons'],
    [csv.replaceAll(',', '\t'), 'taken to have fields separated by tabs'],
    [csv.replaceAll(',', '|'), 'taken to have fields separated by bars'],
    [`\u{FEFF}${csv}`, undefined],
    [Buffer.from(csv, 'latin1'), 'taken to have text in windows-1252'],
    [Buffer.from(`\u{FEFF}${csv}`, 'utf16le'), 'taken to have text in utf-16le'],
    [Buffer.from(`\u{FEFF}${csv}`, 'utf16le').swap16(), 'taken to have text in utf-16be'],
    [csv.replaceAll('\n', '\r\n'), undefined],
    [csv.replaceAll('\n', '\r'), undefined],
    [csv.replaceAll('\n', '\n\n  \n'), undefined],
    [
      csv.replace(/^(p.*)$/gm, (line) =>
        line
          .split(',')
          .map((cell) => `"${cell}" `)
          .join(','),
      ),
      undefined,
    ],
  ];
  for (const [content, stated] of cases) {
    const dataset = await read(content);
    assert.equal(describeFormat(dataset.format!), stated);
    assert.deepEqual(unitsOf(dataset), wanted, stated ?? String(content).slice(0, 40));
  }
});

test('what is said of a file counts before any guess, and is not stated', async () => {
  const said = { delimiter: ';', decimalMark: ',', encoding: 'utf-8' } as const;
  const dataset = await read(german, said);
  assert.deepEqual(dataset.format, said);
  assert.equal(describeFormat(dataset.format!, said), undefined);
  assert.equal((await refusalOf(csv, { delimiter: ';' })).problems[0]?.code, 'FILE_NOT_TABLE');
  assert.equal((await refusalOf(german, { decimalMark: '.' })).problems[0]?.code, 'VALUE_DECIMAL_COMMA');
  assert.equal(
    (await refusalOf(Buffer.from(csv, 'latin1'), { encoding: 'utf-8' })).problems[0]?.code,
    'FILE_NOT_UTF8',
  );
});

test('each kind of broken file has a sentence of its own, with a remedy', async () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as never)));
  const cases: readonly [content: string | Uint8Array, code: keyof typeof DATA_PROBLEMS, line?: number][] = [
    ['', 'FILE_EMPTY'],
    [' \n\n', 'FILE_EMPTY'],
    ['id,age,sex,place,ill\n', 'FILE_EMPTY'],
    [gzipSync(csv), 'FILE_PACKED'],
    [bytes([0x50, 0x4b, 3, 4], 'xl/workbook.xml'), 'FILE_PACKED'],
    [bytes(csv, [0], csv), 'FILE_HAS_NUL'],
    [bytes(csv, 'x'.repeat(2 ** 19), '\n', [0], '\n'), 'FILE_HAS_NUL'],
    [bytes(csv, `${'p,1,1,Bonn,1\n'.repeat(50_000)}`, [0xff, 0x41], '\n'), 'FILE_NOT_UTF8'],
    [csv.replaceAll(',', ' '), 'FILE_NOT_TABLE'],
    [csv.replace('p3,', 'p"3,'), 'QUOTE_MISPLACED', 5],
    [csv.replace('p3,', '"p"3,'), 'QUOTE_MISPLACED', 5],
    [csv.replace('p3,', '"p3,'), 'QUOTE_OPEN', 5],
    [csv.replace('p3,', 'p3,,'), 'ROW_LENGTH', 5],
    [bytes(csv, 'x'.repeat(2 ** 24 + 2 ** 23)), 'LINE_TOO_LONG'],
    [bytes(csv, '"', 'x,1\n'.repeat(2 ** 23)), 'LINE_TOO_LONG'],
    [`${Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(',')}\n`, 'TOO_MANY_COLUMNS'],
    [csv.replace('age', 'AGE'), 'COLUMN_CASE'],
    [csv.replace('age', 'years'), 'COLUMN_UNKNOWN'],
  ];
  for (const [content, code, line] of cases) {
    const [found] = (await refusalOf(content)).problems;
    assert.deepEqual([found?.code, found?.line], [code, line]);
  }
  const sentences = cases.map(([, code]) => DATA_PROBLEMS[code]);
  assert.equal(new Set(sentences).size, new Set(cases.map(([, code]) => code)).size);
  for (const sentence of Object.values(DATA_PROBLEMS)) assert.match(sentence, /[:(] ?\S.*\.$|must be/);
});

test('a column with one mistake in every row is one problem with a count, not twenty', async () => {
  const many = Array.from({ length: 5000 }, (_, i) => `p${i},old,${i % 2},Bonn,${i === 7 ? 2 : 1}`);
  const refusal = await refusalOf(`id,age,sex,place,ill\n${many.join('\n')}`);
  assert.equal(refusal.total, 5001);
  assert.deepEqual(
    refusal.problems.map(({ code, line, column, count }) => [code, line, column, count]),
    [
      ['VALUE_NOT_A_NUMBER', 2, 'age', 5000],
      ['LABEL_NOT_BINARY', 9, 'ill', undefined],
    ],
  );
  assert.match(
    describeProblem(refusal.problems[0]!),
    /^VALUE_NOT_A_NUMBER \(column age, 5,000 times, first in line 2\): /,
  );
  const hidden = refusal.withoutPlaces();
  assert.deepEqual(
    hidden.problems.map(({ code, line, column, count }) => [code, line, column, count]),
    [
      ['VALUE_NOT_A_NUMBER', undefined, 'age', undefined],
      ['LABEL_NOT_BINARY', undefined, 'ill', undefined],
    ],
  );
  assert.equal(hidden.total, 2);
});

test('Yes and No, and TRUE and FALSE, have a remedy of their own, as features and as labels', async () => {
  for (const [one, other] of [
    ['Yes', 'No'],
    ['TRUE', 'FALSE'],
    ['ja', 'nein'],
  ] as const) {
    const words = rows.map(([id, age, sex, place, ill]) =>
      [id, age, sex ? one : other, place, ill ? one : other].join(','),
    );
    const refusal = await refusalOf(`id,age,sex,place,ill\n${words.join('\n')}`);
    assert.deepEqual(
      refusal.problems.map(({ code, count }) => [code, count]),
      [
        ['VALUE_A_WORD', 12],
        ['LABEL_A_WORD', 12],
      ],
    );
    assert.doesNotMatch(refusal.message, new RegExp(`${one}[^ ,]|nein`));
    assert.match(refusal.message, /write 1 and 0, or make the feature categorical/);
    const remedied: Dictionary = {
      ...dictionary,
      features: [{ name: 'sex', kind: 'categorical', categories: [other, one] }],
      label: { ...dictionary.label, rule: { kind: 'categorical', categories: [other, one] } },
    };
    assert.equal(
      (await readContent(`id,age,sex,place,ill\n${words.join('\n')}`, remedied)).patients.count,
      12,
    );
  }
});

test('nine patients are too few for a band, and it is said so; a million have one', async () => {
  const none: Dictionary = {
    ...dictionary,
    features: [{ name: 'sex', kind: 'binary' }],
  };
  const few = `id,sex,ill\n${Array.from({ length: 9 }, (_, i) => `p${i},1,1`).join('\n')}`;
  assert.equal((await refusalOf(few, undefined, none)).problems[0]?.code, 'TOO_FEW_PATIENTS');
  const parts = Array.from({ length: 1_000_000 }, (_, i) => `${i.toString(36)},1,1\n`);
  const content = new TextEncoder().encode(`id,sex,ill\n${parts.join('')}`);
  const { recordCountBand } = await readContent(content, none, { encode: false });
  assert.deepEqual(recordCountBand, { low: 1_000_000, high: 1_249_999 });
});

test('a plain decimal is the number that its text is', () => {
  const parsed = (text: string) => plainDecimal(Buffer.from(text), 0, text.length, 46);
  const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: max });
  fc.assert(
    fc.property(
      fc.constantFrom('', '-', '+'),
      digits(12),
      fc.boolean(),
      digits(8),
      (sign, whole, point, rest) => {
        const text = `${sign}${whole}${point ? `.${rest}` : ''}`;
        const number = parsed(text);
        const count = whole.length + (point ? rest.length : 0);
        if (count === 0 || count > 15) assert.ok(Number.isNaN(number));
        else assert.ok(Object.is(number, Number(text)), text);
      },
    ),
  );
  for (const text of ['1e3', 'x', '1.2.3', '1-2', '0x10', '1234567890123456', '.', '-']) {
    assert.ok(Number.isNaN(parsed(text)), text);
  }
});

test('a field means the same with and without quotes, which are read in two ways', async () => {
  const codes = [
    '0',
    '1',
    '2',
    '7',
    '63',
    '64',
    '1.0',
    '01',
    '2.50',
    '.5',
    '5.',
    '-1',
    '-0',
    '+1',
    '1e1',
    '99',
    '120',
  ];
  const odd = ['', ' 1', '1 ', '-9', 'x', '1234567890123456', '0.1234567890123456', '1.2.3', '121', '1,0'];
  const cell = fc.constantFrom(...codes, ...codes, ...odd);
  const wide: Dictionary = {
    ...dictionary,
    missing: ['-9', '7'],
    features: [
      { name: 'free', kind: 'numeric', unit: 'a', bounds: { low: -1, high: 120 } },
      { name: 'sex', kind: 'binary' },
      { name: 'place', kind: 'categorical', categories: ['2', '1', 'x', '64'], missing: ['99'] },
      { name: 'ward', kind: 'code', categories: ['0', '2.5', '63'] },
      { name: 'sex_again', column: 'sex', kind: 'numeric', unit: '1', bounds: { low: 0, high: 1 } },
    ],
  };
  const without = { ...wide, missing: ['NA'], features: wide.features.slice(0, 4) };
  const table = fc.array(fc.tuple(cell, cell, cell, cell, fc.constantFrom('0', '1', '1.0')), {
    minLength: 12,
    maxLength: 14,
  });
  const outcome = async (rows: readonly (readonly string[])[], of: Dictionary) => {
    const head = 'id,free,sex,place,ward,ill';
    const text = rows.map((row, i) => `"p${i}",${row.join(',')}`).join('\n');
    try {
      return unitsOf(await readContent(`${head}\n${text}\n`, of));
    } catch (error) {
      assert.ok(error instanceof DataError);
      return error.problems;
    }
  };
  await fc.assert(
    fc.asyncProperty(table, fc.constantFrom(wide, without), async (rows, of) => {
      const plain = rows.map((row) => row.map((text) => (text.includes(',') ? `"${text}"` : text)));
      const quoted = rows.map((row) => row.map((text) => `"${text.trim()}"`));
      assert.deepEqual(await outcome(plain, of), await outcome(quoted, of));
    }),
    { numRuns: 300 },
  );
  // Where all fits, so that values are compared and not only refusals.
  const fine = fc.array(
    fc.tuple(
      fc.constantFrom('0', '63', '64', '2.50', '.5', '5.', '-1', '1e1', '-0', '120', ''),
      fc.constantFrom('0', '1', '1.0', '01', ''),
      fc.constantFrom('2', '1', '64', '1.0', '99', ''),
      fc.constantFrom('0', '2.50', '63', '-0', ''),
      fc.constantFrom('0', '1'),
    ),
    { minLength: 12, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(fine, fc.constantFrom(wide, without), async (rows, of) => {
      const quoted = rows.map((row) => row.map((text) => `"${text}"`));
      const [one, other] = [await outcome(rows, of), await outcome(quoted, of)];
      assert.deepEqual(one, other);
      assert.ok('patientId' in one[0]!, JSON.stringify(one));
    }),
  );
});

test('whatever pieces a file comes in, its fields are the same', () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'ü', '\u00a0', '1', ' ', ',', '"', '\n', '\r\n', ''),
    maxLength: 6,
  });
  const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 9 }), (cells, pieceBytes) => {
      const quoted = cells.map((row) =>
        row.map((text) => `\u3000"${text.replaceAll('"', '""')}"\u2009\u00a0`).join(','),
      );
      const bytes = new TextEncoder().encode(`a,b,c\n${quoted.join('\n')}\n`);
      const whole = sourceOfBytes(bytes);
      const source = {
        sizeBytes: bytes.length,
        // The guess sees the whole; what is walked over comes in small pieces.
        read: (at: number, length: number) => whole.read(at, length < 2 ** 20 ? length : pieceBytes),
      };
      const seen: string[][] = [];
      const options = { encoding: 'utf-8', delimiter: ',', decimalMark: '.' } as const;
      readTextRows(source, { header: true, options }, { begin() {}, row: (row) => seen.push([...row]) });
      assert.deepEqual(
        seen,
        cells.map((row) => [...row]),
      );
    }),
  );
});
