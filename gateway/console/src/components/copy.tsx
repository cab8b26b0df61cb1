// Ids and digests that are too long to read: shortened where there is little room, copied in full.
import { useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';
import styles from './copy.module.css';
import { Icon } from './icon.tsx';
import { useToast } from './toasts.tsx';

/** @returns whether the text is in the clipboard now */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard for pages.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
  }
}

/** A button that copies a text. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const { t } = useTranslation();
  const say = useToast();
  const [isCopied, setCopied] = useState(false);
  const onPress = async () => {
    const worked = await copy(text);
    setCopied(worked);
    say(worked ? t('actions.copied') : t('actions.copyFailed'), worked ? 'good' : 'warning');
  };
  return (
    <Button
      className={styles.button ?? ''}
      aria-label={label ?? t('actions.copy')}
      onPress={() => void onPress()}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
    </Button>
  );
}

export interface CodeProps {
  readonly text: string;
  /** Of a digest or an id, as many signs of its beginning; all where absent. */
  readonly length?: number;
  readonly isCopied?: boolean;
}

/** An id or a digest. */
export function Code({ text, length, isCopied = true }: CodeProps) {
  const isShort = length !== undefined && text.length > length + 1;
  return (
    <span className={styles.code}>
      <code title={isShort ? text : undefined}>{isShort ? `${text.slice(0, length)}…` : text}</code>
      {isCopied && <CopyButton text={text} />}
    </span>
  );
}
