// Progress for people: lines that stay, and on a terminal a few lines below them that change in place.
export interface ProgressView {
  /** A line that stays. */
  line(text: string): void;
  /** A line that stays only where nothing changes in place, such as a log. */
  detail(text: string): void;
  /** Replaces the changing lines; does nothing where output is not a terminal. */
  live(lines: readonly string[]): void;
}

const ESCAPE = '\u001b';

export function progressView(stream: NodeJS.WriteStream): ProgressView {
  let shown = 0;
  const erase = () => {
    if (shown > 0) stream.write(`${ESCAPE}[${shown}A${ESCAPE}[0J`);
    shown = 0;
  };
  if (!stream.isTTY) {
    const line = (text: string) => void stream.write(`${text}\n`);
    return { line, detail: line, live: () => undefined };
  }
  let current: readonly string[] = [];
  const draw = () => {
    const width = stream.columns || 80;
    for (const text of current) stream.write(`${text.slice(0, width - 1)}\n`);
    shown = current.length;
  };
  return {
    line(text) {
      erase();
      stream.write(`${text}\n`);
      draw();
    },
    detail: () => undefined,
    live(lines) {
      erase();
      current = lines;
      draw();
    },
  };
}
