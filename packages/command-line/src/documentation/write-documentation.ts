// Writes the page of exit codes: node packages/command-line/dist/src/documentation/write-documentation.js
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCodesPage, PAGE } from './exit-codes-page.ts';

const file = join(import.meta.dirname, '../../../../..', PAGE);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, exitCodesPage());
