// A field for something that has an id: it is found by its title or by its id, and an id that the list does not have
// can be typed or pasted as it is.
import { useMemo, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { ComboBox } from 'react-aria-components/ComboBox';
import { FieldError } from 'react-aria-components/FieldError';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Popover } from 'react-aria-components/Popover';
import { Text } from 'react-aria-components/Text';
import styles from './fields.module.css';
import { Icon } from './icon.tsx';
import { findNamed, idOfText, type Named } from './named-things.ts';

export interface IdFieldProps {
  readonly label: string;
  readonly help?: string;
  readonly error?: string | undefined;
  /** The id; empty for none. */
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly items: readonly Named[];
  readonly isRequired?: boolean;
  readonly placeholder?: string;
}

export function IdField(props: IdFieldProps) {
  const { label, help, error, value, onChange, items, isRequired = false, placeholder = '' } = props;
  const [typed, setTyped] = useState<string>();
  const chosen = items.find(({ id }) => id === value);
  const text = typed ?? chosen?.title ?? value;
  // All of them where nothing was typed: who opens the list wants to see what there is.
  const found = useMemo(() => findNamed(items, typed ?? ''), [items, typed]);
  return (
    <ComboBox
      className={styles.field ?? ''}
      items={found}
      inputValue={text}
      onInputChange={(next) => {
        setTyped(next);
        onChange(idOfText(items, next));
      }}
      // Of what is only typed there is no choice: one would close the list.
      value={chosen?.id ?? null}
      onChange={(key) => {
        if (key === null) return;
        setTyped(undefined);
        onChange(String(key));
      }}
      onBlur={() => setTyped(undefined)}
      allowsCustomValue
      allowsEmptyCollection
      menuTrigger="input"
      isInvalid={error !== undefined}
      isRequired={isRequired}
      validationBehavior="aria"
    >
      <Label className={styles.label ?? ''}>{label}</Label>
      {help !== undefined && (
        <Text slot="description" className={styles.help ?? ''}>
          {help}
        </Text>
      )}
      <div className={styles.combined}>
        <Input className={styles.input ?? ''} placeholder={placeholder} autoComplete="off" />
        <Button className={styles.opener ?? ''}>
          <Icon name="down" />
        </Button>
      </div>
      <FieldError className={styles.error ?? ''}>{error}</FieldError>
      <Popover className={styles.popover ?? ''}>
        <ListBox<Named> className={styles.list ?? ''}>
          {({ id, title }) => (
            <ListBoxItem id={id} textValue={title} className={styles.item ?? ''}>
              <Text slot="label">
                <bdi>{title}</bdi>
              </Text>
              {title !== id && (
                <Text slot="description" className={styles.itemHelp ?? ''}>
                  {id}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
