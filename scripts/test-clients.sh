#!/usr/bin/env bash
# Makes clients of docs/reference/openapi.json with three generators, compiles them, and uses each against a running
# gateway (over a ledger in memory). Lints the document first. What is absent (Python, Java, a registry) is said as
# "not run". Tools are put into .tools/clients.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js

generator=7.14.0
python_client=0.29.1
tools=$PWD/.tools/clients
document=$PWD/docs/reference/openapi.json
work=$(mktemp -d)
gateway=
stop() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
failed=0
say() { printf '%-24s %s\n' "$1" "$2"; }
# run NAME FUNCTION: the function says by its status whether it passed, and in $work/NAME.txt what it did.
run() {
  if "$2" >"$work/$1.txt" 2>&1; then say "$1" "passed"; else
    failed=1
    say "$1" "FAILED"
    tail -20 "$work/$1.txt"
  fi
}

mkdir -p "$tools"
node --input-type=module -e "
  import { openGateway } from './gateway/dist/src/testing/gateway-fixture.js';
  import { REGISTER_MEMBER } from './gateway/dist/src/http/examples.js';
  const gateway = await openGateway();
  await gateway.as('operator', { method: 'POST', url: '/v1/members', payload: REGISTER_MEMBER });
  const url = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  console.log(JSON.stringify({ url, key: gateway.keys.auditor }));
  process.on('SIGTERM', () => gateway.close());
" >"$work/gateway.json" &
gateway=$!
until [ -s "$work/gateway.json" ]; do
  kill -0 "$gateway" 2>/dev/null || { echo "the gateway did not start" >&2; exit 1; }
  sleep 0.2
done
CONSILIUM_URL=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).url' "$work/gateway.json")
CONSILIUM_KEY=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).key' "$work/gateway.json")
export CONSILIUM_URL CONSILIUM_KEY

lint() { "$tools/npm/node_modules/.bin/redocly" lint "$document" --skip-rule=operation-4xx-response; }

types() {
  local folder=$work/types
  mkdir -p "$folder"
  ln -s "$tools/npm/node_modules" "$folder/node_modules"
  "$folder/node_modules/.bin/openapi-typescript" "$document" -o "$folder/api.ts"
  cat >"$folder/use.ts" <<'TS'
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';
declare const process: { env: Record<string, string> };
const baseUrl = process.env.CONSILIUM_URL!;
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${process.env.CONSILIUM_KEY}` } });
const { data, error } = await client.GET('/v1/members', { params: { query: { limit: 5 } } });
const members: readonly components['schemas']['Member'][] = data?.items ?? [];
if (error !== undefined || members[0]?.title === undefined) throw new Error('no members');
const missing = await client.GET('/v1/studies/{studyId}', { params: { path: { studyId: 'none' } } });
const code: string | undefined = missing.error?.code;
if (code !== 'STUDY_NOT_FOUND') throw new Error(String(code));
TS
  # Before it is compiled: without it a file is no module, and may not wait at its top.
  echo '{"type":"module"}' >"$folder/package.json"
  (cd "$folder" && node_modules/.bin/tsc --strict --noUncheckedIndexedAccess --target es2022 --module nodenext \
    --skipLibCheck use.ts && node use.js)
}

python() {
  (cd "$work" && "$tools/venv/bin/openapi-python-client" generate --path "$document" --meta none \
    --output-path consilium_client --fail-on-warning)
  cat >"$work/use.py" <<'PY'
import os
from consilium_client import AuthenticatedClient
from consilium_client.api.ledger import get_ledger
from consilium_client.api.studies import get_study
from consilium_client.models import GetLedgerAnswer, Problem
client = AuthenticatedClient(base_url=os.environ["CONSILIUM_URL"], token=os.environ["CONSILIUM_KEY"])
ledger = get_ledger.sync(client=client)
assert isinstance(ledger, GetLedgerAnswer) and ledger.height > 0, ledger
missing = get_study.sync(study_id="none", client=client)
assert isinstance(missing, Problem) and missing.code == "STUDY_NOT_FOUND", missing
PY
  (cd "$work" && "$tools/venv/bin/python" -m compileall -q consilium_client && "$tools/venv/bin/python" use.py)
}

java_generator() {
  local folder=$work/fetch
  java -jar "$tools/openapi-generator-$generator.jar" generate -i "$document" -g typescript-fetch -o "$folder" \
    --additional-properties=supportsES6=true,importFileExtension=.js
  ln -s "$tools/npm/node_modules" "$folder/node_modules"
  cat >"$folder/use.ts" <<'TS'
import { Configuration, MembersApi, ResponseError, StudiesApi } from './index.js';
declare const process: { env: Record<string, string> };
const configuration = new Configuration({ basePath: process.env.CONSILIUM_URL!, accessToken: process.env.CONSILIUM_KEY! });
const page = await new MembersApi(configuration).listMembers({ limit: 5 });
if (page.items[0]?.title === undefined) throw new Error('no members');
const missing = await new StudiesApi(configuration).getStudy({ studyId: 'none' }).catch((error) => error);
if (!(missing instanceof ResponseError) || missing.response.status !== 404) throw missing;
TS
  if grep -rlE 'Inner|Response[0-9]{3}' "$folder/models/index.ts"; then
    echo 'a type has no name of its own'
    return 1
  fi
  echo '{"type":"module"}' >"$folder/package.json"
  (cd "$folder" && node_modules/.bin/tsc --strict --target es2022 --module nodenext --skipLibCheck \
    --lib es2022,dom use.ts && node use.js)
}

if [ -x "$tools/npm/node_modules/.bin/redocly" ] || npm install --silent --no-audit --no-fund --ignore-scripts \
  --prefix "$tools/npm" @redocly/cli@2 openapi-typescript@7 openapi-fetch@0.17 typescript@5 >&2; then
  run lint lint
  run openapi-typescript types
else
  say lint "not run: no package registry answers"
  say openapi-typescript "not run: no package registry answers"
fi

if [ -x "$tools/venv/bin/openapi-python-client" ] || { python3 -m venv "$tools/venv" &&
  "$tools/venv/bin/pip" install --quiet --disable-pip-version-check "openapi-python-client==$python_client"; } >&2; then
  run openapi-python-client python
else
  say openapi-python-client "not run: no python3, or no package index answers"
fi

jar=$tools/openapi-generator-$generator.jar
central=https://repo1.maven.org/maven2/org/openapitools/openapi-generator-cli
if ! command -v java >/dev/null; then
  say openapi-generator "not run: there is no java in PATH"
elif [ -s "$jar" ] || { curl -fsS -o "$jar.new" "$central/$generator/openapi-generator-cli-$generator.jar" >&2 &&
  mv "$jar.new" "$jar"; }; then
  run openapi-generator java_generator
else
  say openapi-generator "not run: Maven Central does not answer"
fi
exit "$failed"
