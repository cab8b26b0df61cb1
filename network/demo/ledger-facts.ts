// Reads back what the ledger says about a study, from every hospital's own gateway, and every artefact it
// names.

import { createHash } from 'node:crypto';
import { GATEWAY_PATHS, LOCAL_ROUTES, ledgerPath, localTarget } from '@consilium/domain';
import { type Enrolment, each, type Site } from './enrolment.ts';
import {
  type ArtefactRow,
  type BudgetRow,
  type ChargeRow,
  type ConsentRow,
  type DossierRow,
  type ModelRow,
  POOLS,
  type RoundRow,
} from './ledger-rows.ts';
import { findOfferedModel } from './offered-model.ts';

export interface DatasetFacts {
  readonly datasetId: string;
  readonly budgets: readonly BudgetRow[];
  readonly charges: readonly ChargeRow[];
}

export interface ModelFile {
  readonly mspId: string;
  readonly sha256: string;
  /** What the gateway's header says. */
  readonly headerSha256: string | null;
  readonly sizeBytes: number;
}

export interface ArtefactFacts {
  readonly what: string;
  readonly artefact: ArtefactRow;
  /** Of the bytes IPFS gave for the CID; null where it gave none. */
  readonly fetched: { readonly sha256: string; readonly sizeBytes: number } | null;
}

export interface LedgerFacts {
  readonly height: number;
  readonly dossiers: readonly DossierRow[];
  readonly consents: readonly ConsentRow[];
  readonly model: ModelRow;
  readonly datasets: readonly DatasetFacts[];
  readonly modelFiles: readonly ModelFile[];
  readonly artefacts: readonly ArtefactFacts[];
  readonly usage: { readonly artefacts: number; readonly bytes: number };
}

export async function readLedgerFacts(
  sites: readonly Site[],
  { studyId }: Enrolment,
  ipfsUrl: string,
): Promise<LedgerFacts> {
  const { client } = sites[0]!;
  const rounds = await client.list<RoundRow>(ledgerPath('round:list', { studyId }));
  const [dossiers, consents, model, { height }, datasets, modelFiles, usages] = await Promise.all([
    each(rounds, ({ round }) => client.get<DossierRow>(ledgerPath('round:getDossier', { studyId, round }))),
    client.list<ConsentRow>(ledgerPath('study:listConsents', { studyId })),
    findOfferedModel(client, studyId),
    client.get<{ height: number }>(GATEWAY_PATHS.ledger),
    each(sites, readDataset),
    each(sites, (site) => readModelFile(site, studyId)),
    each(sites, (site) =>
      site.client.get<{ count: number; bytes: number }>(LOCAL_ROUTES.getArtefactUsage.path),
    ),
  ]);
  const named = [
    { what: 'the graph', artefact: model.graph },
    { what: 'the model', artefact: model.parameters.artefact },
    ...dossiers.flatMap(({ round, updates }) => [
      ...updates.map(({ datasetId, artefact }) => ({
        what: `round ${round.round}: update of ${datasetId}`,
        artefact,
      })),
      ...(round.aggregate
        ? [{ what: `round ${round.round}: aggregate`, artefact: round.aggregate.artefact }]
        : []),
    ]),
  ];
  const artefacts = await each(named, async (one) => ({
    ...one,
    fetched: await fetchArtefact(ipfsUrl, one.artefact.cid),
  }));
  return {
    height,
    dossiers,
    consents,
    model,
    datasets,
    modelFiles,
    artefacts,
    usage: {
      artefacts: usages.reduce((sum, { count }) => sum + count, 0),
      bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

async function readDataset({ hospital, client }: Site): Promise<DatasetFacts> {
  const { datasetId } = hospital;
  const [budgets, charges] = await Promise.all([
    each(POOLS, (pool) => client.get<BudgetRow>(ledgerPath('privacy:getBudget', { datasetId, pool }))),
    client.list<ChargeRow>(ledgerPath('privacy:listEvents', { datasetId })),
  ]);
  return { datasetId, budgets, charges };
}

/** The shared model, without any hospital's local parameters: the same bytes everywhere. */
async function readModelFile({ hospital, client }: Site, studyId: string): Promise<ModelFile> {
  await findOfferedModel(client, studyId);
  const { bytes, headers } = await client.bytes(
    localTarget(LOCAL_ROUTES.getModelFile, { params: { studyId }, query: { local: false } }),
  );
  return {
    mspId: hospital.mspId,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    headerSha256: headers.get('x-onnx-sha256'),
    sizeBytes: bytes.length,
  };
}

async function fetchArtefact(ipfsUrl: string, cid: string): Promise<ArtefactFacts['fetched']> {
  const response = await fetch(`${ipfsUrl}/api/v0/cat?arg=${cid}`, {
    method: 'POST',
    signal: AbortSignal.timeout(30_000),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) return null;
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
}
