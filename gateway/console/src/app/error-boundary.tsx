// What is shown where a screen fails by an error of the page's own: the screen alone, with the menu around it.
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../components/button.tsx';
import { Notice } from '../components/notice.tsx';
import { Page } from '../components/page.tsx';

interface Props {
  /** A change of it tries again: the address. */
  readonly place: string;
  readonly children: ReactNode;
}

interface Failure {
  readonly error: Error | null;
  readonly place: string;
}

/** A part of the page that is not there any more, since another version is served now. */
const isOfOldVersion = (error: Error): boolean =>
  /dynamically imported module|module script/i.test(error.message);

export class ErrorBoundary extends Component<Props, Failure> {
  override state: Failure = { error: null, place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<Failure> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ place }: Props, state: Failure): Partial<Failure> | null {
    return place === state.place ? null : { error: null, place };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error === null ? this.props.children : <Failed error={error} />;
  }
}

function Failed({ error }: { readonly error: Error }) {
  const { t } = useTranslation('shell');
  return (
    <Page title={t('errors.title')}>
      <Notice tone="bad" title={isOfOldVersion(error) ? t('errors.chunk') : t('errors.detail')}>
        <p className="mono small">{error.message}</p>
        <Button onPress={() => location.reload()}>{t('errors.reload')}</Button>
      </Notice>
    </Page>
  );
}
