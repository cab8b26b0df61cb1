// Writes the trainer's pages into docs/reference/: node trainer/dist/src/documentation/write-documentation.js
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { REFERENCE_PAGES } from './reference-pages.ts';

const reference = resolve(import.meta.dirname, '../../../../docs/reference');
for (const [file, page] of Object.entries(REFERENCE_PAGES)) writeFileSync(resolve(reference, file), page);
