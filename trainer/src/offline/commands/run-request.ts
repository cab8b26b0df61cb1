// What a run was asked for, as its checkpoint keeps it: from any folder, it asks for the same again.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RunRequest } from '../checkpoint/checkpoint.ts';
import type { SiteFile } from '../simulation/load-sites.ts';
import type { AssessmentTexts } from './assessment-options.ts';
import type { StudyFile } from './study-file.ts';
import type { OptionTexts } from './study-settings.ts';

/** The options of a run, as the command line gives them. */
export interface RunOptions extends OptionTexts, AssessmentTexts {
  readonly dictionary?: string | undefined;
  readonly study?: string | undefined;
  readonly 'seed-split'?: string | undefined;
  readonly out?: string | undefined;
  readonly checkpoint?: string | undefined;
}

/** Of this trainer: another one may take other steps. */
export const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

const PATHS = ['dictionary', 'study'] as const;

export function requestOf(
  command: RunRequest['command'],
  files: readonly SiteFile[],
  { checkpoint, ...options }: RunOptions,
): RunRequest {
  const paths = PATHS.flatMap((name) => {
    const path = options[name];
    return path === undefined ? [] : [[name, resolve(path)] as const];
  });
  const out = resolve(options.out ?? `out/${command}`);
  return { command, files, options: { ...options, ...Object.fromEntries(paths), out } };
}

/** A study, without where its graph lies: that is known by its bytes. */
export const withoutPath = (study: StudyFile): object =>
  study.model.kind === 'onnx' ? { ...study, model: { kind: 'onnx' } } : study;
