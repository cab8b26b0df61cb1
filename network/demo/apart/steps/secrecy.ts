// That no hospital's secret is anywhere but in its own folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSecret } from '../../../src/hospital/doctor.ts';
import { each } from '../../enrolment.ts';
import type { Room } from '../room.ts';

/** As each host's user, what of the others can be read; and of everything, what says a secret in its arguments. */
export async function readOthers(room: Room): Promise<string[]> {
  const { hosts } = room;
  const problems = await each(hosts.all, async (host) => {
    const others = hosts.all.filter((one) => one !== host).map((one) => room.folderOf(one));
    const script = join(import.meta.dirname, '../read-others.js');
    const { status, stdout, stderr } = await hosts.run(host, [process.execPath, script, ...others]);
    if (status !== 0) return [`nobody could look as ${host.name}: ${stderr}`];
    return (JSON.parse(stdout) as string[]).map((what) => `${host.name} can read ${what}`);
  });
  const secrets = secretsOf(room);
  const arguments_ = hosts.all
    .flatMap((host) => hosts.processesOf(host))
    .filter((pid) => existsSync(`/proc/${pid}/cmdline`))
    .filter((pid) => secrets.some((secret) => readFileSync(`/proc/${pid}/cmdline`).includes(secret)));
  return [...problems.flat(), ...arguments_.map((pid) => `process ${pid} has a secret among its arguments`)];
}

/** Every line of every secret of every host that is long enough to be one. */
export function secretsOf(room: Room): string[] {
  const lines = room.hosts.all.flatMap((host) => {
    const folder = room.folderOf(host);
    if (!existsSync(folder)) return [];
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      isSecret(`/${name}`),
    );
    return files.flatMap((name) => secretLines(readFileSync(join(folder, name), 'utf8')));
  });
  const isOne = (line: string) => line.length >= 40 && /^[A-Za-z0-9+/=_-]+$/.test(line);
  return [...new Set(lines.filter(isOne))];
}

export function secretsInMailbox(room: Room): string[] {
  const { mailbox } = room.hosts;
  const secrets = secretsOf(room);
  if (secrets.length < 40) return [`only ${secrets.length} secrets were found on the hosts`];
  return readdirSync(mailbox, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file, 'latin1');
      return content.includes('PRIVATE KEY') || secrets.some((secret) => content.includes(secret));
    })
    .map((file) => `${file} in the mailbox holds a secret`);
}

/** The last of several lines of a private key is a part of its public half, which certificates hold too. */
function secretLines(text: string): string[] {
  const [, pem] = /-----BEGIN [A-Z ]+-----\n([^-]+)-----END/.exec(text) ?? [];
  if (pem === undefined) return text.split(/[\n"]/).map((line) => line.trim());
  const lines = pem.trim().split('\n');
  return lines.length > 1 ? lines.slice(0, -1) : lines;
}
