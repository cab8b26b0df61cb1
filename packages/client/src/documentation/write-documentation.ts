// Writes src/api.generated.ts: node packages/client/dist/src/documentation/write-documentation.js
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { apiTypes } from './api-types.ts';

const root = resolve(import.meta.dirname, '../../../../..');
const document = JSON.parse(readFileSync(resolve(root, 'docs/reference/openapi.json'), 'utf8'));
const file = resolve(root, 'packages/client/src/api.generated.ts');
writeFileSync(file, apiTypes(document));
execFileSync('npx', ['biome', 'format', '--write', file], { cwd: root });
