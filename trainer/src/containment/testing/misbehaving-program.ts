// A process for graphs that does what a graph could make it do: the values of a `write` say what.

import type { GraphTask, Request } from '../graph-task.ts';
import { leaveDirectory } from '../leave-directory.ts';

export const MISDEEDS = [
  'hang',
  'exit',
  'crash',
  'swallow memory',
  'answer nonsense',
  'say nonsense',
  'name a patient',
  'tell',
  'tell of rows',
] as const;
export type Misdeed = (typeof MISDEEDS)[number];

const kept: Uint8Array[] = [];

function hang(): void {
  for (;;);
}

function swallowMemory(): void {
  try {
    for (;;) kept.push(new Uint8Array(2 ** 22).fill(1));
  } catch {
    hang();
  }
}

const answer = (answered: unknown) => process.send?.({ kind: 'answer', answer: answered });
const tell = async () => {
  const { readdirSync, rmSync, writeFileSync } = await import('node:fs');
  const files = readdirSync('.');
  let mayWrite = true;
  try {
    writeFileSync('left-behind', 'x');
  } catch {
    mayWrite = false;
  }
  rmSync('left-behind', { force: true });
  const told = { env: Object.keys(process.env), files, cwd: process.cwd(), mayWrite };
  answer(Buffer.from(JSON.stringify(told)));
};

/** 1 for rows that were sent, 0 for those that it is to hold; of more than one parameter, nonsense. */
function tellOfRows(task: GraphTask): void {
  if (task.kind !== 'outputs') return;
  answer(
    task.values.length > 1
      ? 'nothing'
      : { values: Float64Array.of(Number(task.rows.sent !== undefined)), width: 1 },
  );
}

const ACTIONS: Readonly<Record<Misdeed, (task: GraphTask) => unknown>> = {
  hang,
  exit: () => process.exit(3),
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  'swallow memory': swallowMemory,
  'answer nonsense': () => answer({ features: 'many' }),
  'say nonsense': () => process.send?.({ kind: 'progress' }),
  'name a patient': () =>
    process.send?.({
      kind: 'refused',
      reason: 'it is refused',
      problems: [{ field: 'graph', text: ': no', patient: 17 }],
      total: 1,
      isTooLarge: false,
    }),
  tell,
  'tell of rows': tellOfRows,
};

process.on('message', (request: Request) => {
  if (request.kind !== 'task') return;
  const { task } = request;
  // Of all other graphs a process that does as it should would be the right one.
  const misdeed = task.kind === 'train' ? 'hang' : new TextDecoder().decode(task.graph);
  ACTIONS[misdeed as Misdeed](task);
});
process.on('disconnect', () => {
  leaveDirectory();
  process.exit();
});
