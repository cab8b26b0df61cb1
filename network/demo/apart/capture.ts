// What a capture on the bridge sees from before the first hospital starts: TLS, and no secret of anybody.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ownFolder } from '../../src/programs.ts';
import type { Room } from './room.ts';
import { secretsOf } from './steps/secrecy.ts';

interface Captured {
  readonly flows: Readonly<Record<string, Flow>>;
  readonly others: Readonly<Record<string, number>>;
  readonly leaks: number;
}
interface Flow {
  readonly tls: boolean;
  readonly whole: boolean;
  readonly records: number;
  readonly bytes: number;
  readonly odd?: string;
}

/** From before the first hospital starts. */
export async function startCapture(room: Room) {
  const { bridge } = room.hosts;
  const script = join(ownFolder, 'demo/apart/capture.py');
  const secretsFile = room.hosts.write(room.hosts.all[0]!, 'secrets-to-look-for', secretsOf(room).join('\n'));
  const child: ChildProcess = spawn('python3', [script, bridge, secretsFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.stderr!.once('data', resolve));
  return {
    child,
    async problems(say: (line: string) => void): Promise<string[]> {
      const ended = new Promise((resolve) => child.stdout!.once('end', resolve));
      child.kill('SIGTERM');
      await ended;
      const { flows, others, leaks } = JSON.parse(said) as Captured;
      const seen = Object.entries(flows);
      const records = seen.reduce((sum, [, flow]) => sum + flow.records, 0);
      const lossless = seen.filter(([, flow]) => flow.whole).length;
      say(`  ${seen.length} directions of connections, ${lossless} seen whole, ${records} TLS records`);
      const odd = seen.filter(([, flow]) => !flow.tls);
      return [
        ...(seen.length < 24 || records < 1000
          ? [`the capture saw ${seen.length} flows and ${records} records`]
          : []),
        ...odd.map(([name, flow]) => `${name} is not TLS: it has ${flow.odd} where a record begins`),
        ...Object.keys(others)
          .filter((kind) => !['0x806', '0x86dd'].includes(kind))
          .map((kind) => `the bridge carried ${kind}`),
        ...(leaks > 0 ? [`${leaks} packets carry a secret`] : []),
      ];
    },
  };
}
