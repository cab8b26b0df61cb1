// Form fields: a label, what to put there, and what is wrong with what was put there.
import type { ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Checkbox as AriaCheckbox } from 'react-aria-components/Checkbox';
import { FieldError } from 'react-aria-components/FieldError';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Popover } from 'react-aria-components/Popover';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import { Select as AriaSelect, SelectValue } from 'react-aria-components/Select';
import { Text } from 'react-aria-components/Text';
import { TextArea } from 'react-aria-components/TextArea';
import {
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from 'react-aria-components/TextField';
import styles from './fields.module.css';
import { Icon } from './icon.tsx';

interface FieldTexts {
  readonly label: string;
  /** What to put there. */
  readonly help?: ReactNode;
  /** What is wrong; the field is marked by it. */
  readonly error?: string | undefined;
}

const Help = ({ help }: { readonly help: ReactNode }) =>
  help === undefined ? null : (
    <Text slot="description" className={styles.help ?? ''}>
      {help}
    </Text>
  );

export interface TextFieldProps
  extends FieldTexts,
    Omit<AriaTextFieldProps, 'className' | 'style' | 'children'> {
  readonly lines?: number;
  readonly placeholder?: string;
  readonly isMono?: boolean;
}

export function TextField({
  label,
  help,
  error,
  lines = 1,
  placeholder,
  isMono = false,
  ...props
}: TextFieldProps) {
  const shown = placeholder === undefined ? {} : { placeholder };
  const className = `${styles.input} ${isMono ? styles.mono : ''}`;
  return (
    <AriaTextField {...props} className={styles.field ?? ''} isInvalid={error !== undefined}>
      <Label className={styles.label ?? ''}>{label}</Label>
      <Help help={help} />
      {lines > 1 ? (
        <TextArea className={className} rows={lines} {...shown} />
      ) : (
        <Input className={className} {...shown} />
      )}
      <FieldError className={styles.error ?? ''}>{error}</FieldError>
    </AriaTextField>
  );
}

export interface Choice<K extends string = string> {
  readonly value: K;
  readonly label: string;
  /** What choosing it means. */
  readonly help?: string;
}

export interface ChoiceProps<K extends string> extends FieldTexts {
  readonly value: K | null;
  readonly onChange: (value: K) => void;
  readonly choices: readonly Choice<K>[];
  readonly isRequired?: boolean;
  readonly placeholder?: string;
}

/** One of many, in a list that opens. */
export function Select<K extends string>(props: ChoiceProps<K>) {
  const { label, help, error, value, onChange, choices, isRequired = false, placeholder } = props;
  return (
    <AriaSelect
      className={styles.field ?? ''}
      value={value}
      onChange={(key) => key !== null && onChange(key as K)}
      isInvalid={error !== undefined}
      isRequired={isRequired}
      {...(placeholder !== undefined && { placeholder })}
    >
      <Label className={styles.label ?? ''}>{label}</Label>
      <Help help={help} />
      <AriaButton className={`${styles.input} ${styles.select}`}>
        <SelectValue className={styles.chosen ?? ''} />
        <Icon name="down" />
      </AriaButton>
      <FieldError className={styles.error ?? ''}>{error}</FieldError>
      <Popover className={styles.popover ?? ''}>
        <ListBox className={styles.list ?? ''}>
          {choices.map((choice) => (
            <ListBoxItem
              key={choice.value}
              id={choice.value}
              textValue={choice.label}
              className={styles.item ?? ''}
            >
              <Text slot="label">{choice.label}</Text>
              {choice.help !== undefined && (
                <Text slot="description" className={styles.itemHelp ?? ''}>
                  {choice.help}
                </Text>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

/** One of a few, all in sight. */
export function Choices<K extends string>(props: ChoiceProps<K> & { readonly isRow?: boolean }) {
  const { label, help, error, value, onChange, choices, isRequired = false, isRow = false } = props;
  return (
    <RadioGroup
      className={styles.field ?? ''}
      value={value}
      onChange={(key) => onChange(key as K)}
      isInvalid={error !== undefined}
      isRequired={isRequired}
    >
      <Label className={styles.label ?? ''}>{label}</Label>
      <Help help={help} />
      <div className={isRow ? styles.row : styles.column}>
        {choices.map((choice) => (
          <Radio key={choice.value} value={choice.value} className={styles.radio ?? ''}>
            <span className={styles.knob} aria-hidden="true" />
            <span>
              {choice.label}
              {choice.help !== undefined && <span className={styles.choiceHelp}>{choice.help}</span>}
            </span>
          </Radio>
        ))}
      </div>
      <FieldError className={styles.error ?? ''}>{error}</FieldError>
    </RadioGroup>
  );
}

export interface CheckboxProps {
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly isDisabled?: boolean;
  readonly children: ReactNode;
}

export function Checkbox({ children, ...props }: CheckboxProps) {
  return (
    <AriaCheckbox {...props} className={styles.checkbox ?? ''}>
      <span className={styles.box} aria-hidden="true">
        <Icon name="check" />
      </span>
      <span>{children}</span>
    </AriaCheckbox>
  );
}
