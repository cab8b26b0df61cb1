// The frame of every screen: one heading, which takes the focus when a reader arrives from another screen, so that a
// screen reader says where they are.
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import styles from './page.module.css';

export interface Crumb {
  readonly title: string;
  /** Below /console. */
  readonly to: string;
}

export interface PageProps {
  /** The one h1. */
  readonly title: string;
  /** Beside the title: a StateBadge, an id. */
  readonly beside?: ReactNode;
  /** One or two sentences. */
  readonly lead?: ReactNode;
  /** What this is under, outermost first. */
  readonly crumbs?: readonly Crumb[];
  /** Buttons of the whole screen. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** Where the focus was set last: not at the first screen, which the browser announces itself. */
let arrivedAt = typeof location === 'undefined' ? '' : location.pathname.replace(/^\/console/, '') || '/';

export function Page({ title, beside, lead, crumbs = [], actions, children }: PageProps) {
  const { t } = useTranslation('shell');
  const heading = useRef<HTMLHeadingElement>(null);
  const [path] = useLocation();
  useEffect(() => {
    if (path === arrivedAt) return;
    arrivedAt = path;
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  useEffect(() => {
    document.title = `${title} · ${t('name')}`;
  }, [title, t]);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        {crumbs.length > 0 && (
          <nav aria-label={t('crumbs')} className={styles.crumbs}>
            <ol>
              {crumbs.map(({ title: name, to }) => (
                <li key={to}>
                  <Link href={to}>
                    <bdi>{name}</bdi>
                  </Link>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div className={styles.titleRow}>
          <h1 ref={heading} tabIndex={-1} className={styles.title}>
            <bdi>{title}</bdi>
          </h1>
          {beside !== undefined && <div className={styles.beside}>{beside}</div>}
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </div>
        {lead !== undefined && <div className={styles.lead}>{lead}</div>}
      </div>
      {children}
    </div>
  );
}

export interface SectionProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** Without a border: for what has its own. */
  readonly isPlain?: boolean;
  readonly id?: string;
  readonly children: ReactNode;
}

/** A part of a screen under an h2. */
export function Section({ title, lead, actions, isPlain = false, id, children }: SectionProps) {
  return (
    <section className={styles.section} id={id}>
      <div className={styles.sectionHead}>
        <h2>{title}</h2>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        {lead !== undefined && <div className={styles.sectionLead}>{lead}</div>}
      </div>
      <div className={isPlain ? styles.plain : styles.panel}>{children}</div>
    </section>
  );
}
