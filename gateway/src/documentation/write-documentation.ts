// Writes docs/reference/rest-api.md and openapi.json: node gateway/dist/src/documentation/write-documentation.js
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { openGateway } from '../testing/gateway-fixture.ts';
import { writtenDocument } from './openapi-file.ts';
import { restApiPage } from './rest-api-page.ts';

const gateway = await openGateway();
const document = (await gateway.app.inject('/documentation/json')).json();
await gateway.close();
const reference = resolve(import.meta.dirname, '../../../../docs/reference');
writeFileSync(resolve(reference, 'rest-api.md'), restApiPage(document));
writeFileSync(resolve(reference, 'openapi.json'), writtenDocument(document));
