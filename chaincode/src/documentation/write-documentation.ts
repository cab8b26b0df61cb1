// Writes the generated parts into docs/: node chaincode/dist/src/documentation/write-documentation.js
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GENERATED_PARTS, withPart } from './generated-parts.ts';

const docs = resolve(import.meta.dirname, '../../../../docs');
for (const file of new Set(GENERATED_PARTS.map((part) => part.file))) {
  const path = resolve(docs, file);
  const parts = GENERATED_PARTS.filter((part) => part.file === file);
  writeFileSync(path, parts.reduce(withPart, readFileSync(path, 'utf8')));
}
