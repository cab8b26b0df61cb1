// What a figure or a word means: said on hover, on focus, and where it is pressed, so that a finger finds it too.
import { type ReactNode, useState } from 'react';
import { Pressable } from 'react-aria-components/Pressable';
import { OverlayArrow, Tooltip, TooltipTrigger } from 'react-aria-components/Tooltip';
import styles from './meaning.module.css';

export interface MeaningProps {
  /** A sentence or two of the catalogue. */
  readonly meaning: ReactNode;
  /** Where the children say too little for a screen reader. */
  readonly label?: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

export function Meaning({ meaning, label, className = styles.term, children }: MeaningProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <TooltipTrigger
      delay={200}
      closeDelay={80}
      isOpen={isOpen}
      onOpenChange={setOpen}
      shouldCloseOnPress={false}
    >
      {/* Not a button element, which would not break across lines as the text around it does. */}
      <Pressable onPress={() => setOpen(true)}>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <span
          role="button"
          tabIndex={0}
          className={`${styles.trigger} ${className}`}
          {...(label !== undefined && { 'aria-label': label })}
        >
          {children}
        </span>
      </Pressable>
      <Tooltip className={styles.tooltip ?? ''} offset={8}>
        <OverlayArrow>
          <svg className={styles.arrow} width="12" height="6" viewBox="0 0 12 6" aria-hidden="true">
            <path d="M0 0 6 6 12 0" />
          </svg>
        </OverlayArrow>
        {meaning}
      </Tooltip>
    </TooltipTrigger>
  );
}

/** A word of the field, underlined with dots, which says what it means. */
export function Term(props: { readonly meaning: string; readonly children: ReactNode }) {
  return <Meaning {...props} />;
}
