// What each figure means, for whom comes by the keyboard: no figure may be without a word that explains it; and every
// such word is focused, and must then show its explanation beside it, whole and uncovered.
import type { Page } from 'playwright-core';

/** In a table the first rows are looked at; the others have the same columns. */
const ROWS = 3;
/** A busy machine draws slowly; only what is wrong is waited for so long. */
const PATIENCE_MS = 20_000;

export interface Meanings {
  /** What is wrong, a line each. */
  readonly found: readonly string[];
  readonly figures: number;
  /** Words that explain something. */
  readonly triggers: number;
}

export interface Look {
  readonly patienceMs?: number;
  /** Whether the words are focused too, which takes long. */
  readonly isFocused?: boolean;
}

/** Of the page that is open. */
export async function lookAtMeanings(
  page: Page,
  { patienceMs = PATIENCE_MS, isFocused = true }: Look = {},
): Promise<Meanings> {
  if (isFocused) await beginWithKeys(page);
  return page.evaluate(
    async ({ rows, patienceMs, isFocused }) => {
      const TRIGGER = 'span[role="button"]';
      const found: string[] = [];
      const nameOf = (element: Element) => (element.textContent ?? '').trim().slice(0, 60);
      /** What a dialog is before cannot be reached. */
      const isShown = (element: Element) =>
        element.checkVisibility({ visibilityProperty: true }) &&
        element.closest('[inert], [aria-hidden="true"]') === null;
      const isLookedAt = (element: Element) => {
        const row = element.closest<HTMLTableRowElement>('tbody tr');
        return isShown(element) && (row === null || row.sectionRowIndex < rows);
      };
      const shown = (selector: string) => [...document.querySelectorAll(selector)].filter(isLookedAt);
      /** What may explain a figure: it itself, the name beside it, or the head of its column. */
      const namesOf = (figure: Element): readonly (Element | null | undefined)[] => {
        const cell = figure.closest<HTMLTableCellElement>('td, th[scope=row]');
        return [
          figure.closest(TRIGGER),
          figure.closest('dd')?.parentElement?.querySelector(`dt ${TRIGGER}`),
          cell?.closest('table')?.querySelectorAll('thead th')[cell.cellIndex]?.querySelector(TRIGGER),
        ];
      };
      const isExplained = (figure: Element) => namesOf(figure).some((name) => name != null);

      const figures = shown('[data-figure]');
      for (const figure of figures) {
        if (!isExplained(figure)) found.push(`says nothing of: ${nameOf(figure)}`);
      }

      if (!isFocused) return { found, figures: figures.length, triggers: 0 };

      const nextFrame = () => new Promise((done) => requestAnimationFrame(done));
      const problemOf = (trigger: HTMLElement): string | undefined => {
        const id = trigger.getAttribute('aria-describedby');
        const meaning = id === null ? null : document.getElementById(id);
        if (meaning === null || meaning.getAttribute('role') !== 'tooltip') return 'is not described';
        if (nameOf(meaning) === '') return 'is described by nothing';
        const [of, at] = [trigger.getBoundingClientRect(), meaning.getBoundingClientRect()];
        const isInside =
          at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight && at.height > 0;
        if (!isInside) return 'is described out of sight';
        const gap = Math.max(of.top - at.bottom, at.top - of.bottom, of.left - at.right, at.left - of.right);
        if (gap > 24) return `is described ${Math.round(gap)} pixels away`;
        const [x, y] = [(at.left + at.right) / 2, (at.top + at.bottom) / 2];
        if (!meaning.contains(document.elementFromPoint(x, y))) return 'is described under something else';
        return undefined;
      };
      const until = performance.now() + patienceMs;
      const looked = new Set<HTMLElement>();
      /** One that is drawn in place of another while it is looked at is another. */
      const next = () => (shown(TRIGGER) as HTMLElement[]).find((one) => !looked.has(one));
      for (let trigger = next(); trigger !== undefined; trigger = next()) {
        looked.add(trigger);
        trigger.focus();
        // The page has scrolled there then, which closes what hangs on a place of it.
        await nextFrame();
        await nextFrame();
        while (trigger.isConnected && problemOf(trigger) !== undefined && performance.now() < until) {
          // A step that was taken just before may still lead to its heading.
          if (document.activeElement !== trigger) trigger.focus();
          await nextFrame();
        }
        const problem = trigger.isConnected ? problemOf(trigger) : undefined;
        if (problem !== undefined) found.push(`${problem}: ${nameOf(trigger)}`);
      }
      (document.activeElement as HTMLElement | null)?.blur();
      for (const one of document.querySelectorAll('*')) {
        if (one.scrollTop + one.scrollLeft > 0) one.scrollTo(0, 0);
      }
      return { found, figures: figures.length, triggers: looked.size };
    },
    { rows: ROWS, patienceMs, isFocused },
  );
}

async function beginWithKeys(page: Page): Promise<void> {
  // Away from all that a pointer could rest on.
  await page.mouse.move(0, 0);
  // As a key leads there: what a pointer focuses says nothing yet. This one does nothing else.
  await page.keyboard.press('F8');
}
