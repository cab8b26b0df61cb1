// Which tests drive a browser, whole consortia of processes, or installed packages. They take more than half of the
// time of all, so that they run where somebody asks for them: with ALL=1, as CI does, or by their workspace or name.
// Decision 116 says more.
import type { TestFile } from './test-files.ts';

/** Compiled files, or folders with a slash at the end, below the root. */
export const END_TO_END: readonly string[] = [
  'chaincode/dist/conformance/',
  'gateway/console/dist/test/',
  'gateway/dist/src/documentation/hospital-it.test.js',
  'network/dist/demo/console-story.test.js',
  'network/dist/src/interruption.test.js',
  'network/dist/src/tutorials.test.js',
  'network/dist/src/whole-consortium.test.js',
  'scripts/dist/make-release.test.js',
  'scripts/dist/packing.test.js',
  'test-network/dist/conformance/',
  'trainer/dist/src/offline/commands/resume.test.js',
  'trainer/dist/src/study/crash.test.js',
];

const isEndToEnd = (path: string): boolean =>
  END_TO_END.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));

/** Those that run where nobody named any. */
export const withoutEndToEnd = (files: readonly TestFile[]): readonly TestFile[] =>
  files.filter(({ path }) => !isEndToEnd(path));
