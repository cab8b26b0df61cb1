// A hospital registers its file of patients, proposes a study, and asks what the study would cost its patients.
import { copyFileSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const [heart, folder] = ['network/studies/heart-disease', process.argv[2]];
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { gatewayUrl, keysFile, title } = json(`${folder}/consortium.json`).organisations[0];
async function call(role, path, content) {
  const authorization = `Bearer ${json(keysFile).gateway[role]}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const post = content && { method: 'POST', body: JSON.stringify(content) };
  const answer = await fetch(`${gatewayUrl}/v1${path}`, { headers, ...post });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}
await call('operator', '/members', { title, ...(await call('operator', '/local/encryption-key')) });
const dictionary = json(`${heart}/dictionary.json`);
const { budget: privacyBudget, study, model: kind } = json(`${heart}/study.json`);
const patients = { datasetId: 'north-heart', path: resolve(`${folder}/north/data/patients.csv`), dictionary };
copyFileSync(`${heart}/data/processed.cleveland.data`, patients.path);
const { datasetId, commitment, recordCountBand } = await call('steward', '/local/datasets', patients);
const described = { title: 'Heart clinic', dictionary, terms: { purposes: [study.purpose] }, privacyBudget };
await call('steward', '/datasets', { datasetId, commitment, recordCountBand, ...described });

const model = await call('researcher', '/local/models', { ...kind, dictionary });
const own = { studyId: 'heart-2026', datasets: [datasetId], model, quorum: { updates: 1, validators: 1 } };
const { studyId } = await call('researcher', '/studies', { ...study, ...own });
const consent = `/studies/${studyId}/consents/${datasetId}`;
const { claimedEpsilon, left, fits } = await call('steward', `${consent}/quote`);
console.log(`training costs ε ${claimedEpsilon.training}, of ${left.training} that are left; fits: ${fits}`);
