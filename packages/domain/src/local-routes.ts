// What a hospital's own trainer may be asked, and by which role: one table for the gateway, which passes requests on,
// and for the trainer, which decides by itself. Nothing here reaches the ledger.
import { type TObject, Type } from 'typebox';
import { Id, Strict, Words } from './primitives.ts';
import { fillPath } from './rest-paths.ts';
import { ROLES, type Role } from './roles.ts';

/** One thing that a hospital's trainer may be asked. */
export interface LocalRoute {
  readonly method: 'GET' | 'POST';
  /** Path at the trainer, in OpenAPI's notation; the gateway serves it under /v1. */
  readonly path: string;
  readonly roles: readonly Role[];
  /** Of the path; each matches `[A-Za-z0-9-]+`, so that a path is written in one way only. */
  readonly params: TObject;
  /** Of the query. */
  readonly query: TObject;
}

const none = Strict({});

/** Each route under `/v1/local`: method, path and the roles that may use it. */
export const LOCAL_ROUTES = {
  getEncryptionKey: {
    method: 'GET',
    path: '/local/encryption-key',
    roles: ROLES,
    params: none,
    query: none,
  },
  checkLocalDataset: {
    method: 'POST',
    path: '/local/datasets',
    roles: ['steward'],
    params: none,
    query: none,
  },
  getHeldOutPatients: {
    method: 'GET',
    path: '/local/datasets/{datasetId}/held-out',
    roles: ['steward'],
    params: Strict({ datasetId: Id }),
    query: Strict({
      as: Type.Optional(
        Words(['rows', 'ids'], 'Numbers of rows (as where absent), or the ids of the patients.'),
      ),
    }),
  },
  withdrawPatients: {
    method: 'POST',
    path: '/local/populations/{populationId}/withdrawals',
    roles: ['steward'],
    params: Strict({ populationId: Id }),
    query: none,
  },
  getPatientHistory: {
    // The id is in the body: paths are written into logs.
    method: 'POST',
    path: '/local/populations/{populationId}/histories',
    roles: ['steward'],
    params: Strict({ populationId: Id }),
    query: none,
  },
  buildModelGraph: {
    method: 'POST',
    path: '/local/models',
    roles: ['researcher'],
    params: none,
    query: none,
  },
  getModelCard: {
    method: 'GET',
    path: '/local/models/{studyId}/card',
    roles: ROLES,
    params: Strict({ studyId: Id }),
    query: none,
  },
  getModelFile: {
    method: 'GET',
    path: '/local/models/{studyId}/onnx',
    roles: ROLES,
    params: Strict({ studyId: Id }),
    query: Strict({
      local: Type.Optional(
        Words(['true', 'false'], "Whether with this hospital's local parameters, if it has them."),
      ),
      datasetId: Type.Optional(Id),
    }),
  },
  predict: {
    method: 'POST',
    path: '/local/predictions',
    roles: ['researcher', 'steward'],
    params: none,
    query: none,
  },
  listJobs: { method: 'GET', path: '/local/jobs', roles: ROLES, params: none, query: none },
  getArtefactUsage: {
    method: 'GET',
    path: '/local/artefacts/usage',
    roles: ROLES,
    params: none,
    query: none,
  },
} as const satisfies Record<string, LocalRoute>;

/** The name of a local route. */
export type LocalRouteName = keyof typeof LOCAL_ROUTES;

/**
 * Path and query at the trainer: the only way in which a request's target is written.
 *
 * @param params and `query` as the route's schemas have checked them
 */
export function localTarget(
  { path, query }: LocalRoute,
  given: { readonly params: object; readonly query: object },
): string {
  const params = given.params as Record<string, string | number>;
  const fields = given.query as Record<string, unknown>;
  const filled = fillPath<string>(path, params);
  const pairs = Object.keys(query.properties)
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}=${encodeURIComponent(String(fields[name]))}`);
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
}
