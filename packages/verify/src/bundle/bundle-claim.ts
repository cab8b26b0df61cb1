// What a file of evidence claims to prove, as its first line says it: of which study, dataset, model or transaction,
// and what it shows of others in doing so.
import { FieldError, type Fields, textOf } from './fields.ts';

/** The name and version of a bundle's form, as files are made now: its first line says it. */
export const FORMAT = 'consilium-evidence/2';
/** Files from before there were kinds: each is of a study that has a model. */
const FORMAT_1 = 'consilium-evidence/1';

/** What a file is about. */
export type Subject =
  | { readonly kind: 'study' | 'model'; readonly studyId: string }
  | { readonly kind: 'dataset'; readonly datasetId: string }
  | { readonly kind: 'transaction'; readonly transactionId: string };
/** Of what kind a claim is. */
export type SubjectKind = Subject['kind'];

/** What the file claims to prove, and what it shows of others in doing so. */
export interface BundleClaim {
  readonly format: typeof FORMAT | typeof FORMAT_1;
  readonly channel: string;
  readonly chaincode: string;
  readonly subject: Subject;
  /** The chain's height: the number of blocks that the file accounts for. */
  readonly blocks: number;
  readonly discloses: Disclosure;
}

/** What a file shows beside its subject: a block is shown whole, and policies are proven from where they were set. */
export interface Disclosure {
  readonly blocks: number;
  readonly transactions: number;
  /** Studies that the file does not speak of, and of which it shows rows. */
  readonly otherStudies: readonly string[];
  /** Datasets of which it shows rows. */
  readonly datasets: readonly string[];
}

/** The subject as people name it: 'study heart'. */
export const nameOf = (subject: Subject): string => {
  switch (subject.kind) {
    case 'study':
      return `the study ${subject.studyId}`;
    case 'model':
      return `the model of the study ${subject.studyId}`;
    case 'dataset':
      return `the dataset ${subject.datasetId}`;
    case 'transaction':
      return `the transaction ${subject.transactionId}`;
  }
};

/** The claim as it is written. */
export function claimJson({ subject, ...claim }: BundleClaim): object {
  if (claim.format !== FORMAT_1) return { ...claim, ...subject };
  const { kind: _, ...named } = subject;
  return { ...claim, ...named };
}

/** @throws FieldError */
export function readClaim(fields: Fields): BundleClaim {
  const format = fields.text('format');
  if (format !== FORMAT && format !== FORMAT_1) {
    throw new FieldError(`the format is neither ${FORMAT} nor ${FORMAT_1}`);
  }
  const claim = {
    format,
    channel: fields.text('channel'),
    chaincode: fields.text('chaincode'),
    subject: readSubject(fields, format === FORMAT_1 ? 'study' : fields.text('kind')),
    blocks: fields.count('blocks'),
    discloses: fields.object('discloses', (inner) => {
      const discloses = {
        blocks: inner.count('blocks'),
        transactions: inner.count('transactions'),
        otherStudies: inner.list('otherStudies', textOf),
        datasets: inner.list('datasets', textOf),
      };
      inner.end();
      return discloses;
    }),
  } as const;
  fields.end();
  return claim;
}

function readSubject(fields: Fields, kind: string): Subject {
  switch (kind) {
    case 'study':
    case 'model':
      return { kind, studyId: fields.text('studyId') };
    case 'dataset':
      return { kind, datasetId: fields.text('datasetId') };
    case 'transaction':
      return { kind, transactionId: fields.text('transactionId') };
    default:
      throw new FieldError('kind is none of study, model, dataset, transaction');
  }
}
