// Runs an example of examples/ as its README says, and compares what it prints.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Example, isOutput } from './examples.ts';
import { runCommand } from './run-command.ts';

/** Those whose numbers follow from noise. */
const NOISED: readonly string[] = ['bring-a-pytorch-graph', 'embed-codes', 'train-on-a-csv'];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param folder - has `examples/` and `network/`, and the packages in `node_modules/`; the example writes to its `out/`
 * @throws AssertionError if it fails or prints something else
 */
export async function runExample(example: Example, folder: string): Promise<void> {
  const { name, command, output } = example;
  const free = command.replaceAll('127.0.0.1:9999', `127.0.0.1:${await freePort()}`);
  const { status, stdout, stderr } = await runCommand('bash', ['-euc', `mkdir -p out\n${free}`], folder);
  if (status !== 0) {
    // It ended before its own end: nothing that it started goes on.
    const ends = command.split('\n').filter((line) => line.startsWith('consilium-network down'));
    await runCommand('bash', ['-c', ends.join('\n')], folder);
  }
  assert.equal(status, 0, `${name}: ${stderr}`);
  const numbers = NOISED.includes(name) ? 'any' : 'exact';
  assert.ok(isOutput(stdout, output, numbers), `${name}'s README says\n${output}\nand it prints\n${stdout}`);
}
