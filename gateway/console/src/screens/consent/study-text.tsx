// The text of a study as a steward reads it, and whether the dataset's own terms allow it.
import { type Dataset, type StudyAnswer, studyDigest } from '@consilium/domain';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from '../../components/copy.tsx';
import { Facts } from '../../components/figure.tsx';
import { Icon } from '../../components/icon.tsx';
import { Term } from '../../components/meaning.tsx';
import { DatasetName, HospitalName, useHospitalTitle } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Time, useNow } from '../../components/time.tsx';
import { sha256Of } from '../../format/digest.ts';
import type words from '../../texts/en/words.json';
import { TextFacts } from '../study/plan.tsx';
import styles from './consent.module.css';
import { termsProblems } from './decision.ts';

export function StudyText({ study, datasetId }: { readonly study: StudyAnswer; readonly datasetId: string }) {
  const { t } = useTranslation('consent');
  const { t: word } = useTranslation();
  const { t: ofStudy } = useTranslation('study');
  const digest = useMemo(() => studyDigest(study, sha256Of), [study]);
  const others = study.datasets.filter((one) => one !== datasetId);
  return (
    <Section title={t('text.title')} lead={t('text.lead')}>
      <div className={styles.stack}>
        <blockquote className={styles.question}>
          <bdi>{study.question}</bdi>
        </blockquote>
        <Facts
          facts={[
            [t('text.purpose'), `${word(`purposes.${study.purpose}`)} (${study.purpose})`],
            [t('text.requester'), <HospitalName key="requester" mspId={study.requester} />],
            [
              t('text.others'),
              others.length === 0 ? (
                ofStudy('plan.none')
              ) : (
                <span key="others" className={styles.lines}>
                  {others.map((one) => (
                    <DatasetName key={one} datasetId={one} />
                  ))}
                </span>
              ),
            ],
            [t('text.after'), ofStudy(`plan.afterWithdrawal.${study.afterWithdrawal ?? 'kept'}`)],
            [
              <Term key="term" meaning={t('text.digestMeaning')}>
                {t('text.digest')}
              </Term>,
              <Code key="digest" text={digest} length={16} />,
            ],
          ]}
        />
        <details className={styles.details}>
          <summary>{t('text.whole')}</summary>
          <TextFacts study={study} />
        </details>
      </div>
    </Section>
  );
}

type Purpose = keyof (typeof words)['purposes'];

/** Each of the dataset's terms, with whether the study keeps to it. */
export function Terms({ study, dataset }: { readonly study: StudyAnswer; readonly dataset: Dataset }) {
  const { t } = useTranslation('consent');
  const { t: word } = useTranslation();
  const titleOf = useHospitalTitle();
  const nowMs = useNow();
  const problems = termsProblems(dataset, study, nowMs);
  const { purposes, allowedMembers, expiresAt } = dataset.terms;
  const hospital = titleOf(study.requester);
  return (
    <Section title={t('terms.title')} lead={t('terms.lead')}>
      <Facts
        facts={[
          [
            t('terms.purpose'),
            <span key="purposes" className={styles.lines}>
              {purposes.map((purpose) => (
                <span key={purpose}>
                  {word(`purposes.${purpose as Purpose}`)} <span className="soft">({purpose})</span>
                </span>
              ))}
              <Holds
                is={!problems.includes('purpose')}
                yes={t('terms.purposeYes')}
                no={t('terms.purposeNo')}
              />
            </span>,
          ],
          [
            t('terms.requester'),
            <span key="requester" className={styles.lines}>
              {allowedMembers === undefined
                ? t('terms.requesterAll')
                : allowedMembers.map((mspId) => <HospitalName key={mspId} mspId={mspId} />)}
              <Holds
                is={!problems.includes('requester')}
                yes={t('terms.requesterYes', { hospital })}
                no={t('terms.requesterNo', { hospital })}
              />
            </span>,
          ],
          [
            t('terms.expires'),
            expiresAt === undefined ? (
              t('terms.expiresNever')
            ) : (
              <span key="expires" className={styles.lines}>
                <Time at={expiresAt} form="both" />
                <Holds
                  is={!problems.includes('expired')}
                  yes={t('terms.expiresYes')}
                  no={t('terms.expiresNo')}
                />
              </span>
            ),
          ],
          [t('terms.stewards'), dataset.consentPolicy?.stewards ?? 1],
        ]}
      />
    </Section>
  );
}

function Holds({ is, yes, no }: { readonly is: boolean; readonly yes: string; readonly no: string }) {
  return (
    <span className={is ? styles.holds : styles.fails}>
      <Icon name={is ? 'check' : 'cross'} /> <bdi>{is ? yes : no}</bdi>
    </span>
  );
}
