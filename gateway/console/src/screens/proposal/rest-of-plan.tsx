// What came with a plan and has no field: shown as it is, and left out where somebody says so.
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Section } from '../../components/page.tsx';
import { useForm } from './form-state.ts';
import styles from './proposal.module.css';

export function RestOfPlan() {
  const { t } = useTranslation('proposal');
  const { draft, change } = useForm();
  const entries = Object.entries(draft.rest);
  if (entries.length === 0) return null;
  const without = (path: string) => Object.fromEntries(entries.filter(([name]) => name !== path));
  return (
    <Section title={t('rest.title')} lead={t('rest.lead')}>
      <ul className={styles.rest}>
        {entries.map(([path, value]) => (
          <li key={path} className={styles.restLine}>
            <span className="mono">{path}</span>
            <code>
              <bdi>{typeof value === 'string' ? value : JSON.stringify(value)}</bdi>
            </code>
            <Button
              isSmall
              aria-label={t('rest.leaveOutOf', { name: path })}
              onPress={() => change({ rest: without(path) })}
            >
              {t('rest.leaveOut')}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
