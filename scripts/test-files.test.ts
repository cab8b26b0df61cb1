import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NoSuchTestError, selectTests } from './test-files.ts';

const PACKAGES = [{ folder: 'trainer' }, { folder: 'packages/dp-sgd' }, { folder: 'packages/domain' }];
const FILES = [
  ['trainer/dist/src/study/next-action.test.js', "test('a withdrawn consent (of one) ends the work')"],
  ['packages/dp-sgd/dist/src/clipping.test.js', "test('noise is drawn once')"],
  ['packages/dp-sgd/dist/src/round.test.js', "test('a round is taken')"],
  ['scripts/dist/tidy.test.js', "test('links lead somewhere')"],
].map(([path, text]) => ({ path: path!, read: () => text! }));
const select = (workspace?: string, text?: string) => selectTests({ workspace, text }, FILES, PACKAGES);

describe('selectTests', () => {
  it('takes a workspace by its folder, or by the name of its package', () => {
    for (const name of ['packages/dp-sgd', 'dp-sgd', './packages/dp-sgd/']) {
      assert.deepEqual(select(name).files, [FILES[1]!.path, FILES[2]!.path]);
    }
    assert.deepEqual(select('scripts').files, [FILES[3]!.path]);
  });

  it('takes files whose path has the text, in one workspace or in all', () => {
    assert.deepEqual(select('trainer', 'next-action'), { files: [FILES[0]!.path] });
    assert.deepEqual(select(undefined, 'next-action'), { files: [FILES[0]!.path] });
    assert.deepEqual(select(undefined, 'trainer/src/study/next-action.test.ts').files, [FILES[0]!.path]);
  });

  it('takes tests whose title has the text where no path has it', () => {
    const { files, title } = select(undefined, 'Consent (of');
    assert.deepEqual(files, [FILES[0]!.path]);
    assert.equal(title, '/Consent \\(of/i');
  });

  it('refuses what matches nothing, and says what there is', () => {
    assert.throws(
      () => select('trainr'),
      new NoSuchTestError(
        'There is no workspace trainr. W is one of: trainer, packages/dp-sgd, packages/domain, scripts.',
      ),
    );
    assert.throws(() => select('trainer', 'clipping'), /No test in trainer matches "clipping"/);
    assert.throws(() => select(undefined, 'nowhere'), /No test in any workspace matches "nowhere"/);
    assert.throws(() => select(undefined, 'test('), /matches "test\("/);
    assert.throws(() => select('domain'), /There are no tests in packages\/domain/);
  });
});
