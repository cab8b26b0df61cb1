// Parts of one thing, one shown at a time. What is in a tab that is not shown is not asked for.
import { type ReactNode, useEffect, useRef } from 'react';
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from 'react-aria-components/Tabs';
import styles from './tabs.module.css';

export interface TabsProps<K extends string> {
  /** What the tabs are of, for screen readers. */
  readonly label: string;
  readonly tabs: readonly { readonly id: K; readonly title: ReactNode; readonly content: () => ReactNode }[];
  readonly selected?: K;
  readonly onSelect?: (id: K) => void;
}

/** A phone shows some of the tabs: the one that is shown is among them. The page itself stays where it is. */
function bringIntoSight(list: HTMLElement): void {
  const at = list.querySelector('[data-selected]')?.getBoundingClientRect();
  if (at === undefined) return;
  const room = list.getBoundingClientRect();
  list.scrollLeft += at.left + at.width / 2 - (room.left + room.width / 2);
}

export function Tabs<K extends string>({ label, tabs, selected, onSelect }: TabsProps<K>) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.current !== null && selected !== undefined) bringIntoSight(list.current);
  }, [selected]);
  return (
    <AriaTabs
      className={styles.tabs ?? ''}
      {...(selected !== undefined && { selectedKey: selected })}
      onSelectionChange={(key) => onSelect?.(key as K)}
    >
      <TabList ref={list} aria-label={label} className={styles.list ?? ''}>
        {tabs.map(({ id, title }) => (
          <Tab key={id} id={id} className={styles.tab ?? ''}>
            {title}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className={styles.panel ?? ''}>
          {content()}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
