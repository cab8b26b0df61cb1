// Imported before suites: what they do from then on in this process is recorded, for the determinism guard that runs
// after them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'consilium-recording-'));
process.env.CONSILIUM_RECORDING = join(folder, 'recording.jsonl');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
