// Ports: configured ones as they are, others chosen free once and remembered, so that a consortium has the
// same addresses after every `up`. Chosen below the ephemeral range, where no outgoing connection can take
// them.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { writeWhole } from './state-file.ts';

const LOWEST = 20_000;
const HIGHEST = 31_999;

export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';

  constructor(
    inUse: readonly { readonly name: string; readonly port: number; readonly configured: boolean }[],
  ) {
    const lines = inUse.map(({ name, port, configured }) =>
      configured
        ? `  ${name} cannot have port ${port}: another program uses it → end it, or configure another`
        : `  ${name} cannot have port ${port} again: another program uses it → end it, or delete ports.json`,
    );
    super(`a port is in use:\n${lines.join('\n')}`);
  }
}

/** Whether a process could listen on the port of the loopback interface now. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });

/** A port below the ephemeral range that is free now, and none of those taken. */
export async function chooseFree(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} was found in 200 attempts`);
}

/**
 * A port for each name: the configured one, else the one remembered in `ports.json`, else a free one.
 *
 * @throws PortInUseError naming every process whose configured or remembered port is taken.
 */
export async function assignPorts(
  directory: string,
  wanted: readonly { readonly name: string; readonly port: number | undefined }[],
): Promise<Map<string, number>> {
  const file = join(directory, 'ports.json');
  let remembered: Record<string, number> = {};
  try {
    remembered = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const ports = new Map<string, number>();
  const inUse: { name: string; port: number; configured: boolean }[] = [];
  for (const { name, port: configured } of wanted) {
    const port = configured ?? remembered[name];
    if (port === undefined) continue;
    ports.set(name, port);
    if (!(await isFree(port))) inUse.push({ name, port, configured: configured !== undefined });
  }
  if (inUse.length > 0) throw new PortInUseError(inUse);
  const taken = new Set([...ports.values(), ...Object.values(remembered)]);
  for (const { name } of wanted) {
    if (ports.has(name)) continue;
    const port = await chooseFree(taken);
    taken.add(port);
    ports.set(name, port);
  }
  const kept = Object.fromEntries(wanted.map(({ name }) => [name, ports.get(name)!]));
  writeWhole(file, `${JSON.stringify({ ...remembered, ...kept }, null, 2)}\n`);
  return ports;
}
