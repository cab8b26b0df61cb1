// The frame of each part of the office: its heading, and the way to the other parts.
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useMay, useSession } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import { MayNot } from '../../components/query-state.tsx';
import styles from './administration.module.css';
import { type OfficePart, PARTS } from './parts.ts';

export interface OfficePageProps {
  readonly part: OfficePart['name'];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function OfficePage({ part, actions, children }: OfficePageProps) {
  const { t } = useTranslation('administration');
  const { needs } = PARTS.find(({ name }) => name === part)!;
  const isAllowed = useMay(needs);
  return (
    <Page
      title={t(`parts.${part}.title`)}
      lead={t(`parts.${part}.lead`)}
      crumbs={[{ title: t('title'), to: '/administration' }]}
      actions={isAllowed && actions}
    >
      <OfficeNavigation />
      {isAllowed ? children : <MayNot />}
    </Page>
  );
}

/** The parts that this session may see. */
export function useParts(): readonly OfficePart[] {
  const { operations } = useSession();
  return PARTS.filter(({ needs }) => operations.includes(needs));
}

function OfficeNavigation() {
  const { t } = useTranslation('administration');
  const [path] = useLocation();
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // On a phone the parts do not all fit: the one that is shown is never out of sight.
    current.current?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, []);
  return (
    <nav aria-label={t('title')} className={styles.navigation}>
      <ul>
        {useParts().map(({ name, to }) => (
          <li key={name} {...(path === to && { ref: current })}>
            <Link href={to} {...(path === to && { 'aria-current': 'page' })}>
              {t(`parts.${name}.title`)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
