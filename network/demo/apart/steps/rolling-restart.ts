// Each hospital restarts all of its processes, one after the other, and one hospital after the other, while a study
// runs.
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

export const rollingRestartStep = (round: number): Step => ({
  name: 'rolling-restart',
  isLong: true,
  when: { round },
  run: restartAll,
});

async function restartAll(room: Room): Promise<string[]> {
  const problems: string[] = [];
  for await (const host of room.leaderLast()) {
    const before = (await room.statusOf(host)).processes;
    await room.command(host, 'restart');
    await write(room, host);
    const after = (await room.statusOf(host)).processes;
    for (const { name, pid } of before) {
      if (name === 'supervisor') continue;
      if (after.find((one) => one.name === name)?.pid === pid)
        problems.push(`${name} of ${host.name} was not restarted`);
    }
  }
  await room.becomeReady();
  return problems;
}
