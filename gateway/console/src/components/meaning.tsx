// What a figure or a word means: said on hover, on focus, and where it is pressed, so that a finger finds it too.
import { type ReactNode, type RefObject, use, useRef, useState } from 'react';
import { Pressable } from 'react-aria-components/Pressable';
import {
  OverlayArrow,
  Tooltip,
  TooltipTrigger,
  TooltipTriggerStateContext,
} from 'react-aria-components/Tooltip';
import styles from './meaning.module.css';

export interface MeaningProps {
  /** A sentence or two of the catalogue. */
  readonly meaning: ReactNode;
  /** Where the children say too little for a screen reader. */
  readonly label?: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** Of an element. While a dialog is open, all else is out of reach. */
const landmarkOf = (element: Element | null): Element =>
  element?.closest('[role=dialog], main, header') ?? document.body;

export function Meaning({ meaning, label, className = styles.term, children }: MeaningProps) {
  const trigger = useRef<HTMLSpanElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [landmark, setLandmark] = useState<Element>();
  const open = (isToOpen: boolean) => {
    if (isToOpen) setLandmark(landmarkOf(trigger.current));
    setOpen(isToOpen);
  };
  return (
    <TooltipTrigger
      delay={200}
      closeDelay={80}
      isOpen={isOpen}
      onOpenChange={open}
      shouldCloseOnPress={false}
    >
      {/* Not a button element, which would not break across lines as the text around it does. */}
      <Pressable onPress={() => open(true)}>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <span
          ref={trigger}
          role="button"
          tabIndex={0}
          className={`${styles.trigger} ${className}`}
          {...(label !== undefined && { 'aria-label': label })}
        >
          {children}
        </span>
      </Pressable>
      <OpenWhileFocused trigger={trigger}>
        {/* Within the landmark of the word, as all that a page says; beside the word a table would cut it. */}
        <Tooltip
          className={styles.tooltip ?? ''}
          offset={8}
          {...(landmark !== undefined && { UNSTABLE_portalContainer: landmark })}
        >
          <OverlayArrow>
            <svg className={styles.arrow} width="12" height="6" viewBox="0 0 12 6" aria-hidden="true">
              <path d="M0 0 6 6 12 0" />
            </svg>
          </OverlayArrow>
          {meaning}
        </Tooltip>
      </OpenWhileFocused>
    </TooltipTrigger>
  );
}

/** A key leads to what is further down, and the page scrolls there: that must not close what is said of it. */
function OpenWhileFocused(props: {
  readonly trigger: RefObject<HTMLElement | null>;
  readonly children: ReactNode;
}) {
  const state = use(TooltipTriggerStateContext);
  const close = (isAtOnce?: boolean) => {
    if (!props.trigger.current?.matches(':focus-visible')) state?.close(isAtOnce);
  };
  return (
    <TooltipTriggerStateContext value={state && { ...state, close }}>
      {props.children}
    </TooltipTriggerStateContext>
  );
}

/** A word of the field, underlined with dots, which says what it means. */
export function Term(props: { readonly meaning: string; readonly children: ReactNode }) {
  return <Meaning {...props} />;
}
