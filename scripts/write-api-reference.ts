// Writes docs/reference/api/: node scripts/dist/write-api-reference.js
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { apiPages } from './api-reference.ts';

const root = join(import.meta.dirname, '../..');
for (const { file, text } of apiPages(root)) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
