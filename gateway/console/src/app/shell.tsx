// What is around every screen: whose console this is, who is signed in, the menu, and whether events arrive.
import { useMutation } from '@tanstack/react-query';
import { type MouseEvent, type ReactNode, Suspense, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { DialogTrigger } from 'react-aria-components/Dialog';
import { Popover } from 'react-aria-components/Popover';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useStreamState } from '../api/events.tsx';
import { Button } from '../components/button.tsx';
import { Choices } from '../components/fields.tsx';
import { Facts } from '../components/figure.tsx';
import { Icon } from '../components/icon.tsx';
import { Meaning } from '../components/meaning.tsx';
import { Failure, Loading } from '../components/query-state.tsx';
import { Time } from '../components/time.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { isAt, visibleNavigation } from './navigation.ts';
import { OfflineBanner } from './offline-banner.tsx';
import { useSession, useSignOut } from './session.tsx';
import styles from './shell.module.css';
import { chooseTheme, THEMES, useTheme } from './theme.ts';

/** Without the address of a place in the page, to which going back would lead again. */
function toContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation('shell');
  const { hospital } = useSession();
  const [path] = useLocation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const isMenuOpen = openAt === path;
  return (
    <div className={styles.shell}>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place of this page, as readers expect of such a link */}
      <a className={styles.skip} href="#content" onClick={toContent}>
        {t('skip')}
      </a>
      <header className={styles.header}>
        <button
          type="button"
          className={styles.menuButton}
          aria-expanded={isMenuOpen}
          aria-controls="menu"
          onClick={() => setOpenAt(isMenuOpen ? null : path)}
        >
          <Icon name={isMenuOpen ? 'cross' : 'menu'} />
          <span className="unseen">{isMenuOpen ? t('menu.close') : t('menu.open')}</span>
        </button>
        <Link href="/" className={styles.brand}>
          <Mark />
          <span className={styles.name}>{t('name')}</span>
        </Link>
        <span className={styles.hospital}>
          <bdi>{hospital.title}</bdi>
        </span>
        <LiveMark />
        <Account />
      </header>
      <nav
        id="menu"
        className={`${styles.nav} ${isMenuOpen ? styles.open : ''}`}
        aria-label={t('menu.label')}
      >
        <Menu path={path} />
      </nav>
      <main id="content" tabIndex={-1} className={styles.main}>
        <OfflineBanner />
        <ErrorBoundary place={path}>
          <Suspense fallback={<Loading lines={5} />}>{children}</Suspense>
        </ErrorBoundary>
      </main>
      <footer className={styles.footer}>{t('footer.channel')}</footer>
    </div>
  );
}

function Menu({ path }: { readonly path: string }) {
  const { t } = useTranslation('shell');
  const { operations } = useSession();
  return visibleNavigation(operations).map(({ name, items }) => (
    <div key={name} className={styles.group}>
      <h2 id={`menu-${name}`} className={styles.groupName}>
        {t(`groups.${name}`)}
      </h2>
      <ul aria-labelledby={`menu-${name}`} className={styles.items}>
        {items.map((item) => (
          <li key={item.name}>
            <Link
              href={item.to}
              className={styles.item ?? ''}
              {...(isAt(item.to, path) && { 'aria-current': path === item.to ? 'page' : 'true' })}
            >
              {t(`nav.${item.name}`)}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ));
}

export function Mark() {
  return (
    <svg className={styles.mark} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" className={styles.markGround} />
      <path className={styles.markLines} d="M16 16 8 9M16 16l8-7M16 16l-8 7M16 16l8 7" />
      <circle cx="16" cy="16" r="4" />
      <circle cx="8" cy="9" r="2.6" />
      <circle cx="24" cy="9" r="2.6" />
      <circle cx="8" cy="23" r="2.6" />
      <circle cx="24" cy="23" r="2.6" />
    </svg>
  );
}

function LiveMark() {
  const { t } = useTranslation('shell');
  const state = useStreamState();
  const dots = { live: styles.isLive, connecting: '', offline: styles.isOffline } as const;
  return (
    <Meaning meaning={t(`live.meaning.${state}`)} className={styles.live}>
      <span className={`${styles.liveDot} ${dots[state] ?? ''}`} aria-hidden="true" />
      <span className={styles.liveWord}>{t(`live.${state}`)}</span>
    </Meaning>
  );
}

function Account() {
  const { t } = useTranslation('shell');
  const { t: word } = useTranslation();
  const session = useSession();
  const end = useMutation({ mutationFn: useSignOut() });
  const theme = useTheme();
  const role = word(`roles.${session.role}`);
  const facts = [
    ...(session.person === undefined
      ? []
      : [[t('account.person'), <bdi key="p">{session.person}</bdi>] as const]),
    [t('account.hospital'), `${session.hospital.title} (${session.hospital.mspId})`] as const,
    [t('account.key'), <code key="k">{session.keyId}</code>] as const,
    ...(session.endsAt === undefined
      ? []
      : [[t('account.ends'), <Time key="t" at={session.endsAt} />] as const]),
  ];
  return (
    <DialogTrigger>
      <AriaButton className={styles.account ?? ''} aria-label={`${t('account.label')}: ${role}`}>
        <Icon name="person" />
        <span className={styles.role}>{role}</span>
        <Icon name="down" className={styles.downIcon} />
      </AriaButton>
      {/* It is the dialog itself, so that its unseen buttons to dismiss it are in one too. */}
      <Popover className={styles.popover ?? ''} placement="bottom end">
        <div className={styles.accountDialog}>
          <p className={styles.as}>{t('account.as', { role })}</p>
          <Facts facts={facts} />
          <Choices
            label={t('theme.label')}
            value={theme}
            onChange={chooseTheme}
            choices={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
            isRow
          />
          {end.error !== null && <Failure error={end.error} isOfAction />}
          <Button onPress={() => end.mutate('here')}>{t('account.signOut')}</Button>
          <Button onPress={() => end.mutate('everywhere')}>{t('account.signOutEverywhere')}</Button>
        </div>
      </Popover>
    </DialogTrigger>
  );
}
