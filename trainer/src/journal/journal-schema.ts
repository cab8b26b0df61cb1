// The journal's tables, as they came to be. A version is kept, so that an older journal is brought to the present one
// when it is opened, and a newer one is refused and never misread.

const FIRST = `
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE datasets (
  dataset_id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  dictionary TEXT NOT NULL,
  salt BLOB NOT NULL,
  commitment TEXT NOT NULL,
  band_low INTEGER NOT NULL,
  band_high INTEGER NOT NULL,
  prepared_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per charge. The primary key is the guarantee: no second draw for the same key can be stored, and
-- nothing that is not stored here is ever sent.
CREATE TABLE releases (
  study_id TEXT NOT NULL,
  round INTEGER NOT NULL,
  dataset_id TEXT NOT NULL,
  pool TEXT NOT NULL CHECK (pool IN ('training', 'held-out')),
  payload BLOB,
  payload_sha256 TEXT NOT NULL,
  subject_sha256 TEXT NOT NULL,
  local_parameters BLOB,
  drawn_at TEXT NOT NULL,
  charge TEXT NOT NULL DEFAULT 'open' CHECK (charge IN ('open', 'charged', 'void')),
  PRIMARY KEY (study_id, round, dataset_id, pool)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed (
  study_id TEXT NOT NULL,
  round INTEGER NOT NULL,
  subject TEXT NOT NULL,
  ciphertext BLOB,
  plaintext_sha256 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  cid TEXT,
  PRIMARY KEY (study_id, round, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE submissions (
  study_id TEXT NOT NULL,
  round INTEGER NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('sending', 'refused', 'recorded')),
  PRIMARY KEY (study_id, round, name, subject)
) STRICT, WITHOUT ROWID;

-- Aggregates as this trainer recomputed them itself: it need not trust whoever put one into IPFS.
CREATE TABLE aggregates (
  study_id TEXT NOT NULL,
  parameters_sha256 TEXT NOT NULL,
  parameters BLOB NOT NULL,
  PRIMARY KEY (study_id, parameters_sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE artefacts (
  cid TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  put_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

const SECOND = `
-- One row per draw, written before the first patient is drawn: whatever happens then, no patient is drawn again.
CREATE TABLE draws (
  study_id TEXT NOT NULL,
  round INTEGER NOT NULL,
  dataset_id TEXT NOT NULL,
  pool TEXT NOT NULL CHECK (pool IN ('training', 'held-out')),
  begun_at TEXT NOT NULL,
  -- begun: not known to have ended; patients: the release is of patients; nobody: it failed, and is noise alone.
  outcome TEXT NOT NULL DEFAULT 'begun' CHECK (outcome IN ('begun', 'patients', 'nobody')),
  PRIMARY KEY (study_id, round, dataset_id, pool)
) STRICT, WITHOUT ROWID;

-- Studies that this folder draws for no more, since the ledger showed it to be an older copy.
CREATE TABLE barred (
  study_id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  noticed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

const THIRD = `
-- Whose patients datasets are of. The salt decides the split and hides ids, for the population's life.
CREATE TABLE populations (
  population_id TEXT PRIMARY KEY,
  salt BLOB NOT NULL,
  made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Patients who were first seen in one revision; their salted ids are in the file of that digest.
CREATE TABLE blocks (
  population_id TEXT NOT NULL,
  block INTEGER NOT NULL,
  patients INTEGER NOT NULL,
  patients_sha256 TEXT NOT NULL,
  PRIMARY KEY (population_id, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
  dataset_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  population_id TEXT NOT NULL,
  dictionary TEXT NOT NULL,
  commitment TEXT NOT NULL,
  band_low INTEGER NOT NULL,
  band_high INTEGER NOT NULL,
  blocks TEXT NOT NULL,
  new_block TEXT,
  removed INTEGER NOT NULL,
  path TEXT NOT NULL,
  copy TEXT,
  state TEXT NOT NULL CHECK (state IN ('pending', 'recorded')),
  prepared_at TEXT NOT NULL,
  PRIMARY KEY (dataset_id, revision)
) STRICT, WITHOUT ROWID;

-- One bit for each patient of a block, in the order of the salted ids, deflated.
CREATE TABLE revision_members (
  dataset_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  block INTEGER NOT NULL,
  patients INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  members BLOB NOT NULL,
  PRIMARY KEY (dataset_id, revision, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE withdrawn (
  population_id TEXT NOT NULL,
  person TEXT NOT NULL,
  withdrawn_at TEXT NOT NULL,
  PRIMARY KEY (population_id, person)
) STRICT, WITHOUT ROWID;

-- Which patients a study was offered.
CREATE TABLE offers (
  study_id TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  blocks TEXT NOT NULL,
  PRIMARY KEY (study_id, dataset_id)
) STRICT, WITHOUT ROWID;

-- A dataset from before is a population of its own.
INSERT INTO populations SELECT dataset_id, salt, prepared_at FROM datasets;
`;

const FOURTH = `
-- This hospital's keys for studies: one for the updates of each dataset, and never a second.
CREATE TABLE study_keys (
  study_id TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  number INTEGER NOT NULL UNIQUE,
  public_key TEXT NOT NULL,
  made_at TEXT NOT NULL,
  recorded INTEGER NOT NULL DEFAULT 0,
  destroyed_at TEXT,
  PRIMARY KEY (study_id, dataset_id)
) STRICT, WITHOUT ROWID;

-- Rows of one length that are only ever added at the end, and written over in their place: none is moved.
CREATE TABLE private_keys (number INTEGER PRIMARY KEY, private_key BLOB NOT NULL) STRICT;
`;

const FIFTH = `
-- Sealed artefacts whose round is over, once they were looked at: named by the ledger, or unpinned.
CREATE TABLE concluded (
  study_id TEXT NOT NULL,
  round INTEGER NOT NULL,
  subject TEXT NOT NULL,
  is_named INTEGER NOT NULL,
  PRIMARY KEY (study_id, round, subject)
) STRICT, WITHOUT ROWID;
`;

/** The statement at i leads from version i to version i + 1. */
export const JOURNAL_STEPS: readonly string[] = [FIRST, SECOND, THIRD, FOURTH, FIFTH];

/** The tables' primary keys, by which the digests beside the rows name them. */
export const JOURNAL_TABLES = [
  { name: 'secrets', key: ['name'] },
  { name: 'datasets', key: ['dataset_id'] },
  { name: 'releases', key: ['study_id', 'round', 'dataset_id', 'pool'] },
  { name: 'sealed', key: ['study_id', 'round', 'subject'] },
  { name: 'submissions', key: ['study_id', 'round', 'name', 'subject'] },
  { name: 'aggregates', key: ['study_id', 'parameters_sha256'] },
  { name: 'artefacts', key: ['cid'] },
  { name: 'draws', key: ['study_id', 'round', 'dataset_id', 'pool'] },
  { name: 'barred', key: ['study_id'] },
  { name: 'populations', key: ['population_id'] },
  { name: 'blocks', key: ['population_id', 'block'] },
  { name: 'revisions', key: ['dataset_id', 'revision'] },
  { name: 'revision_members', key: ['dataset_id', 'revision', 'block'] },
  { name: 'withdrawn', key: ['population_id', 'person'] },
  { name: 'offers', key: ['study_id', 'dataset_id'] },
  { name: 'study_keys', key: ['study_id', 'dataset_id'] },
  { name: 'private_keys', key: ['number'] },
  { name: 'concluded', key: ['study_id', 'round', 'subject'] },
] as const;
