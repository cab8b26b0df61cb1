#!/usr/bin/env bash
# Asks a running gateway, as every role and without a key, what its OpenAPI document allows and much that it does not
# (schemathesis): no answer may be 5xx, undocumented, or another than documented. Starts a consortium of two clinics with
# embedded ledger, IPFS and trainers in a temporary folder, and stops it.
#   EXAMPLES=5   cases per operation and phase that are drawn, beside the fixed ones
#   ROLES="steward none"   some only
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js

version=4.32.5
venv=.tools/schemathesis-$version
out=out/test-api
examples=${EXAMPLES:-5}
roles=${ROLES:-operator steward researcher trainer auditor none}

not_run() { echo "test-api: not run: $1"; exit 0; }
command -v curl >/dev/null || not_run "there is no curl in PATH"
command -v python3 >/dev/null || not_run "there is no python3 in PATH"
python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
  not_run "python3 is older than 3.10, or has no venv"
if [ ! -x "$venv/bin/schemathesis" ]; then
  echo "Installing schemathesis $version into $venv" >&2
  rm -rf "$venv"
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"; } >&2 ||
    { rm -rf "$venv"; not_run "schemathesis $version cannot be installed from the package index"; }
fi

folder=$(mktemp -d)
network() { node network/dist/src/main.js "$@"; }
stop() { network down --dir "$folder/consortium" >/dev/null 2>&1 || true; rm -rf "$folder"; }
trap stop EXIT
trap 'exit 130' INT TERM

cat >"$folder/consortium.yaml" <<YAML
name: api-test
channel: consortium
runtime: embedded
organisations:
  - { name: north, mspId: NorthMSP, title: North Clinic }
  - { name: south, mspId: SouthMSP, title: South Clinic }
chaincode: { name: consilium, policy: MAJORITY }
YAML
# Limits have tests of their own: here they would only hide other answers.
for limit in REQUESTS QUESTIONS FAILURES WEBHOOK_CHANGES; do export "CONSILIUM_${limit}_PER_MINUTE=1000000"; done
network up --config "$folder/consortium.yaml" --dir "$folder/consortium" >"$folder/up.txt" 2>&1 ||
  { cat "$folder/up.txt" >&2; exit 1; }
url=$(network status --dir "$folder/consortium" --json |
  node -p 'JSON.parse(fs.readFileSync(0)).processes.find(({ name }) => name === "gateway-north").url')
keys=$folder/consortium/north/keys.json
key_of() { node -p 'JSON.parse(fs.readFileSync(process.argv[1])).gateway[process.argv[2]]' "$keys" "$1"; }

# What is answered from checked blocks is 503 until there are some.
auditor=$(key_of auditor)
for _ in $(seq 300); do
  answer=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $auditor" "$url/v1/questions/budgets" || true)
  [ "$answer" != 200 ] || break
  sleep 1
done
[ "$answer" = 200 ] || { echo "the gateway has not checked the ledger: it answers $answer" >&2; exit 1; }

# Lines of JSON, which schemathesis has no writer for.
cat >"$folder/hooks.py" <<'PY'
import json
import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(context, value):
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines).encode()
PY
export SCHEMATHESIS_HOOKS=$folder/hooks.py

mkdir -p "$out"
curl -fsS "$url/documentation/json" >"$folder/openapi.json"
failed=0
printf '%-11s %7s  %s\n' role cases outcome
for role in $roles; do
  as=()
  if [ "$role" != none ]; then
    as=(--header "Authorization: Bearer $(key_of "$role")")
  fi
  # The event stream has no end; what it refuses has tests of its own. A request that fits its schema may still break a
  # rule, which this service says with 400 or 422. How long an answer takes is the machine's matter.
  status=0
  "$venv/bin/schemathesis" run "$folder/openapi.json" --url "$url" "${as[@]}" \
    --exclude-operation-id streamEvents --phases examples,coverage,fuzzing --max-examples "$examples" --seed 1 \
    --checks all --exclude-checks positive_data_acceptance --max-response-time 60 \
    --continue-on-failure --no-shrink --warnings off --request-timeout 60 \
    >"$out/$role.txt" 2>&1 || status=$?
  cases=$(sed -nE 's/^ +([0-9]+) generated.*/\1/p' "$out/$role.txt" | tail -1)
  if [ "$status" = 0 ]; then
    printf '%-11s %7s  every answer is documented and none is 5xx\n' "$role" "${cases:-0}"
  else
    failed=1
    printf '%-11s %7s  FAILED: %s\n' "$role" "${cases:-0}" "$out/$role.txt"
    sed -n '/^Failures:/,/^$/p;/^Errors:/,/^$/p' "$out/$role.txt"
  fi
done
exit "$failed"
