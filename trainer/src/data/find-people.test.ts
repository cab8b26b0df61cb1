import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlockFileError, PeopleFinder } from './find-people.ts';
import { PATIENT_FLAGS } from './patient-flags.ts';
import { patientsDigest, SALTED_ID_BYTES, saltedDigest, saltedIdHex, sortSaltedIds } from './salted-ids.ts';
import { isHeldOut } from './split-patients.ts';

const SALT = new Uint8Array(32).fill(7);
const NOBODY = new Uint8Array();

const idOf = (id: string): Uint8Array => saltedDigest(SALT, id).subarray(0, SALTED_ID_BYTES);
const joined = (ids: readonly string[]): Uint8Array => Buffer.concat(ids.map(idOf));

test('salted ids sort as their texts do, with a common beginning too', () => {
  const one = fc.uint8Array({ minLength: SALTED_ID_BYTES, maxLength: SALTED_ID_BYTES });
  const alike = one.map((bytes) => bytes.fill(0, 0, 14));
  fc.assert(
    fc.property(fc.array(fc.oneof(one, alike), { maxLength: 200 }), (ids) => {
      const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
      const sorted = hex(sortSaltedIds(Buffer.concat(ids)));
      assert.equal(sorted, ids.map(hex).sort().join(''));
    }),
  );
});

test('a salted id is the digest that decides the split, cut to 16 bytes', () => {
  const whole = createHmac('sha256', SALT).update('split\0p1').digest('hex');
  assert.equal(saltedIdHex(SALT, 'p1'), whole.slice(0, 32));
});

test('each patient is found in its block, by a model that looks through lists', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-find-'));
  const id = fc.integer({ min: 0, max: 60 }).map((n) => `p${n}`);
  const ids = fc.uniqueArray(id, { maxLength: 40 });
  let files = 0;
  fc.assert(
    fc.property(
      fc.record({ first: ids, second: ids, file: ids, withdrawn: ids, other: ids }),
      fc.boolean(),
      fc.boolean(),
      ({ first, second: both, file, withdrawn, other }, takesNew, leavesOutWithdrawn) => {
        const second = both.filter((one) => !first.includes(one));
        const blocks = [first, second].map((block, i) => {
          const bytes = sortSaltedIds(joined(block));
          const path = join(directory, `${files++}`);
          writeFileSync(path, bytes);
          return { block: i + 3, path, patientsSha256: patientsDigest(bytes) };
        });
        const otherSalt = new Uint8Array(32).fill(9);
        const bytes = sortSaltedIds(
          Buffer.concat(other.map((one) => saltedDigest(otherSalt, one).subarray(0, SALTED_ID_BYTES))),
        );
        const path = join(directory, `${files++}`);
        writeFileSync(path, bytes);
        const others = [
          {
            name: 'other',
            salt: otherSalt,
            blocks: [{ block: 1, path, patientsSha256: patientsDigest(bytes) }],
          },
        ];
        const wish = { salt: SALT, blocks, withdrawn: sortSaltedIds(joined(withdrawn)), others };
        const finder = new PeopleFinder({ ...wish, takesNew, leavesOutWithdrawn });
        for (const one of file) finder.add(one);
        const found = finder.found();
        const isNew = (one: string) => !first.includes(one) && !second.includes(one);
        const isOut = (one: string) =>
          (isNew(one) && !takesNew) || (withdrawn.includes(one) && leavesOutWithdrawn);
        for (const [i, one] of file.entries()) {
          assert.equal(found.blockOf[i], first.includes(one) ? 3 : second.includes(one) ? 4 : 0);
          const flags =
            (isHeldOut(SALT, one) ? PATIENT_FLAGS.heldOut : 0) |
            (withdrawn.includes(one) ? PATIENT_FLAGS.withdrawn : 0) |
            (isOut(one) ? PATIENT_FLAGS.leftOut : 0);
          assert.equal(found.flags[i], flags);
        }
        assert.equal(finder.kept, file.filter((one) => !isOut(one)).length);
        const fresh = file.filter((one) => isNew(one) && !withdrawn.includes(one));
        assert.deepEqual(found.fresh, sortSaltedIds(joined(fresh)));
        assert.deepEqual(found.elsewhere, fresh.some((one) => other.includes(one)) ? ['other'] : []);
        for (const [i, block] of [first, second].entries()) {
          const present = block.filter((one) => file.includes(one) && !isOut(one));
          assert.equal(found.blocks[i]!.patients, present.length);
          // As members of a revision they are found again, and nobody else is.
          const { members } = found.blocks[i]!;
          const again = new PeopleFinder({
            ...{ salt: SALT, withdrawn: NOBODY, takesNew: false, leavesOutWithdrawn: false },
            blocks: [{ ...blocks[i]!, members }],
          });
          for (const one of block) again.add(one);
          assert.equal(again.kept, present.length);
          assert.deepEqual(
            block.map((_, patient) => !again.isLeftOut(patient)),
            block.map((one) => present.includes(one)),
          );
        }
      },
    ),
    { numRuns: 60 },
  );
  rmSync(directory, { recursive: true });
});

test('a file of salted ids that is cut, changed or missing is refused', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-find-'));
  const path = join(directory, 'ids');
  const bytes = sortSaltedIds(joined(['a', 'b']));
  const patientsSha256 = patientsDigest(bytes);
  const open = () =>
    new PeopleFinder({
      ...{ salt: SALT, withdrawn: NOBODY, takesNew: true, leavesOutWithdrawn: true },
      blocks: [{ block: 1, path, patientsSha256 }],
    });
  assert.throws(open, BlockFileError);
  for (const wrong of [bytes.subarray(1), bytes.subarray(16), bytes.map((byte) => byte ^ 1)]) {
    writeFileSync(path, wrong);
    assert.throws(open, BlockFileError);
  }
  writeFileSync(path, bytes);
  assert.doesNotThrow(open);
  rmSync(directory, { recursive: true });
});
