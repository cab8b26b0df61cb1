// Writes docs/reference/rest-api.md: node gateway/dist/src/documentation/write-documentation.js
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { openGateway } from '../testing/gateway-fixture.ts';
import { restApiPage } from './rest-api-page.ts';

const gateway = await openGateway();
const answer = await gateway.app.inject('/documentation/json');
writeFileSync(
  resolve(import.meta.dirname, '../../../../docs/reference/rest-api.md'),
  restApiPage(answer.json()),
);
await gateway.close();
