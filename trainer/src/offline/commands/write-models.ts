// Writes the models of a run into its folder: as they were trained, and from raw values.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson, type Dictionary, encodingOf } from '@consilium/domain';
import { withRawInputs } from '@consilium/onnx-grad';
import type { ModelCard, ModelFile } from '../report/model-card.ts';
import { rawColumns } from '../scoring/raw-columns.ts';
import type { Site } from '../simulation/load-sites.ts';
import type { HospitalParameters } from '../simulation/simulate-study.ts';
import type { StudyGraph } from '../simulation/study-graph.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** One model, or one a hospital where each has parameters of its own: as it was trained, and from raw values. */
export async function writeModels(
  folder: string,
  outcome: {
    readonly graph: StudyGraph;
    readonly sites: readonly Site[];
    readonly parameters: HospitalParameters;
    readonly dictionary: Dictionary;
  },
): Promise<Required<Pick<ModelCard['model'], 'files' | 'rawFiles'>>> {
  const { graph, sites, parameters, dictionary } = outcome;
  const { label, target } = encodingOf(dictionary);
  const metadata = { 'consilium.label': label, 'consilium.target': canonicalJson(target) };
  const isShared = graph.model.initial.local.length === 0;
  const write = async (file: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), bytes);
    return { file, sha256: sha256(bytes) };
  };
  const [files, rawFiles]: [ModelFile[], ModelFile[]] = [[], []];
  for (const [site, { name }] of sites.entries()) {
    if (isShared && site > 0) break;
    const own = isShared || sites.length === 1 ? '' : join('sites', name);
    const bytes = await graph.model.onnx(parameters[site]!);
    files.push(await write(join(own, 'model.onnx'), bytes));
    const raw = withRawInputs(bytes, { columns: rawColumns(dictionary), target, metadata });
    rawFiles.push(await write(join(own, 'model-raw.onnx'), raw));
  }
  return { files, rawFiles };
}
