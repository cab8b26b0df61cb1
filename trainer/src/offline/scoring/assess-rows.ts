// What a model comes to on labelled rows, in whole and in parts: by site, and by category of a chosen feature. Exact,
// and so not private: only for those who may see the rows.
import { type EncodedFeature, type EncodedTarget, inputNames } from '@consilium/domain';
import type { RawOutputs } from '@consilium/onnx-grad';
import { type Calibration, calibrationOf, FEWEST_ROWS } from '../metrics/calibration.ts';
import { exactScore, fewestRows, type Score } from '../simulation/label-scores.ts';

export { FEWEST_ROWS };

/** Rows of one site with what the model says of them. */
export interface AssessedSite {
  readonly name: string;
  readonly outputs: RawOutputs;
  /** [rows · inputs], encoded. */
  readonly features: Float32Array;
  /** [rows] */
  readonly labels: readonly number[];
}

export interface Assessed {
  readonly count: number;
  /** Null for too few rows. */
  readonly score: Score | null;
  /** Null for too few rows, and for other labels than yes/no. */
  readonly calibration: Calibration | null;
}

export interface Assessment {
  readonly thresholds: readonly number[];
  readonly pooled: Assessed;
  readonly sites: Readonly<Record<string, Assessed>>;
  /** By feature, then by category; of all sites together. */
  readonly by: Readonly<Record<string, Readonly<Record<string, Assessed>>>>;
}

/** What is looked at, beside the label's scores. */
export interface Questions {
  /** Names of yes/no or categorical features. */
  readonly by: readonly string[];
  /** Of yes/no labels, each in (0, 1). */
  readonly thresholds: readonly number[];
}

interface Rows {
  readonly outputs: RawOutputs;
  readonly labels: readonly number[];
}

/** The rows at these places. */
function picked({ outputs: { values, width }, labels }: Rows, places: readonly number[]): Rows {
  const own = new Float64Array(places.length * width);
  for (const [to, from] of places.entries()) {
    own.set(values.subarray(from * width, (from + 1) * width), to * width);
  }
  return { outputs: { values: own, width }, labels: places.map((place) => labels[place]!) };
}

/** The logits of label 1, of one output or two. */
const logitsOf = ({ values, width }: RawOutputs): Float64Array =>
  Float64Array.from({ length: values.length / width }, (_, row) =>
    width === 1 ? values[row]! : values[2 * row + 1]! - values[2 * row]!,
  );

function assessed({ outputs, labels }: Rows, target: EncodedTarget, thresholds: readonly number[]): Assessed {
  const count = labels.length;
  const isEnough = count >= fewestRows(target);
  return {
    count,
    score: isEnough ? exactScore(outputs, labels, target) : null,
    calibration: target.kind === 'binary' ? calibrationOf(logitsOf(outputs), labels, thresholds) : null,
  };
}

/** What a feature's inputs say of a row: its category, or that it is missing. */
function categoryReader(feature: EncodedFeature, encoding: readonly EncodedFeature[]) {
  const inputs = inputNames(encoding);
  const at = encoding.indexOf(feature);
  const first = inputNames(encoding.slice(0, at)).length;
  const names = 'categories' in feature ? [...feature.categories] : ['0', '1'];
  const missing = names.includes('missing') ? 'missing value' : 'missing';
  const categoryOf = (features: Float32Array, row: number): string => {
    const start = row * inputs.length + first;
    if (feature.kind === 'code') return names[features[start]!] ?? missing;
    if (features[start + inputNames([feature]).length - 1] === 1) return missing;
    if (feature.kind !== 'categorical') return features[start]! > 0 ? '1' : '0';
    return names.find((_, category) => features[start + category] === 1)!;
  };
  return { names: [...names, missing], categoryOf };
}

/** A part of few rows could show a patient's label: it is counted alone, and has no score. */
function assessedPart(
  rows: Rows,
  { target, thresholds }: { readonly target: EncodedTarget; readonly thresholds: readonly number[] },
): Assessed {
  const count = rows.labels.length;
  return count < FEWEST_ROWS ? { count, score: null, calibration: null } : assessed(rows, target, thresholds);
}

function byCategory(
  sites: readonly AssessedSite[],
  about: {
    readonly all: Rows;
    readonly feature: EncodedFeature;
    readonly encoding: readonly EncodedFeature[];
    readonly target: EncodedTarget;
    readonly thresholds: readonly number[];
  },
): Record<string, Assessed> {
  const { all, feature, encoding, target, thresholds } = about;
  const { names, categoryOf } = categoryReader(feature, encoding);
  const of = sites.flatMap(({ features, labels }) => labels.map((_, row) => categoryOf(features, row)));
  return Object.fromEntries(
    names.flatMap((name) => {
      const places = [...of.keys()].filter((row) => of[row] === name);
      if (places.length === 0) return [];
      return [[name, assessedPart(picked(all, places), { target, thresholds })]];
    }),
  );
}

/**
 * @param sites at least one
 * @param questions `by` names features of `encoding` that `problemsOfQuestions` takes
 */
export function assessRows(
  sites: readonly AssessedSite[],
  about: {
    readonly encoding: readonly EncodedFeature[];
    readonly target: EncodedTarget;
    readonly questions: Questions;
  },
): Assessment {
  const { encoding, target, questions } = about;
  const { thresholds } = questions;
  const all: Rows = {
    outputs: {
      values: Float64Array.from(sites.flatMap(({ outputs }) => [...outputs.values])),
      width: sites[0]!.outputs.width,
    },
    labels: sites.flatMap(({ labels }) => labels),
  };
  return {
    thresholds,
    pooled: assessed(all, target, thresholds),
    sites: Object.fromEntries(sites.map((site) => [site.name, assessedPart(site, { target, thresholds })])),
    by: Object.fromEntries(
      questions.by.map((name) => {
        const feature = encoding.find((own) => own.name === name)!;
        return [name, byCategory(sites, { all, feature, encoding, target, thresholds })];
      }),
    ),
  };
}

/** What is wrong with questions about a model of this encoding, each with its remedy. */
export function problemsOfQuestions(
  { by, thresholds }: Questions,
  { encoding, target }: { readonly encoding: readonly EncodedFeature[]; readonly target: EncodedTarget },
): string[] {
  const groupable = encoding.filter(({ kind }) => kind !== 'numeric').map(({ name }) => name);
  const choices = groupable.length === 0 ? 'there is none' : `there are ${groupable.join(', ')}`;
  const problems = by.flatMap((name) => {
    const feature = encoding.find((own) => own.name === name);
    if (feature === undefined) return [`--by ${name}: no feature has this name: ${choices}`];
    if (feature.kind !== 'numeric') return [];
    return [
      `--by ${name}: a numeric feature has no categories: name a yes/no or categorical one: ${choices}`,
    ];
  });
  if (thresholds.length > 0 && target.kind !== 'binary') {
    problems.push(`--threshold: a ${target.kind} label has no probability of yes: leave it out`);
  }
  return problems;
}
