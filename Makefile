# Consilium. `make` alone prints this list.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
export ONNXRUNTIME_NODE_INSTALL := skip
# Every recipe that runs Node does so with Node 24 or newer in front of PATH.
WITH_NODE := NODE_BIN=$$(scripts/node-24.sh) && export PATH="$$NODE_BIN:$$PATH" &&
# `exec`: a signal that ends make goes to the program itself, not to a shell around it.
NETWORK := $(WITH_NODE) exec node network/dist/src/main.js
CONFIG ?= network/consortium.yaml
DIR ?= .consortium
HOSPITAL ?= hospital.yaml
RUNTIME_FLAGS := $(if $(RUNTIME),--runtime $(RUNTIME)) $(if $(ORDERING),--ordering $(ORDERING)) \
	$(if $(ORDERERS),--orderers $(ORDERERS))
export FABRIC_BIN_DIR

.PHONY: help
help: ## Print this list
	@echo "Consilium: one model from many hospitals, with privacy that can be proven."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo DATA=network/studies/heart-disease/data   the main job on the four UCI hospital files"
	@echo "  make demo DATA=FOLDER                         your own: a CSV per hospital, dictionary.json, study.json"
	@echo "  make demo KEEP=1                              leave the consortium running afterwards"
	@echo "  make demo RUNTIME=native FABRIC_BIN_DIR=/opt/fabric/bin ORDERING=bft   on a real Fabric network"
	@echo "  make test W=trainer T=next-action             some tests only; W=packages/dp-sgd, T=\"part of a title\""
	@echo "  make up CONFIG=network/consortium.yaml        which consortium (DIR=.consortium: where it lives)"

.PHONY: setup
setup: node_modules/.setup ## Fetch Node 24 if needed and the dependencies

node_modules/.setup: package-lock.json scripts/node-24.sh
	@$(WITH_NODE) npm ci --loglevel=error && touch $@

.PHONY: build
build: setup ## Compile everything
	@$(WITH_NODE) scripts/compile.sh && node scripts/dist/remove-stale-outputs.js && node gateway/console/dist/build-site.js

.PHONY: demo
demo: build ## Run the main job: four hospitals train one model (DATA=, KEEP=1, RUNTIME=, ORDERING=, ORDERERS=)
	@$(NETWORK) demo $(if $(DATA),--data "$(DATA)") $(if $(KEEP),--keep) $(RUNTIME_FLAGS)

.PHONY: up
up: build ## Start the consortium of CONFIG on this machine
	@$(NETWORK) up --config "$(CONFIG)" --dir "$(DIR)"

.PHONY: down
down: build ## Stop all that `make up` started
	@$(NETWORK) down --dir "$(DIR)"

.PHONY: status
status: build ## Show the consortium's processes, ports and health
	@$(NETWORK) status --dir "$(DIR)"

PLACE ?= consilium-place.yaml
# Of a ceremony: a hospital that is named, or a file that says where everything is.
AT = $(if $(filter command environment,$(origin HOSPITAL)),--hospital "$(HOSPITAL)",--place "$(PLACE)")

.PHONY: propose
propose: build ## Write a ceremony's FILE that proposes CHANGE= at PLACE= or HOSPITAL=; WITH="--milliseconds 500"
	@$(NETWORK) propose $(CHANGE) $(AT) --out "$(FILE)" $(WITH)

.PHONY: review
review: build ## Say in words what signing a ceremony's FILE= would change, who has signed and who is missing
	@$(NETWORK) review $(FILE) $(AT) $(WITH)

.PHONY: sign
sign: build ## Sign a ceremony's FILE= with the administrator's key, if DIGEST= is what was reviewed
	@$(NETWORK) sign "$(FILE)" $(AT) --digest "$(DIGEST)" $(WITH)

.PHONY: submit
submit: build ## Send a ceremony's FILE= to the orderers, once it has all signatures
	@$(NETWORK) submit $(FILE) $(AT) $(WITH)

.PHONY: config-check
config-check: build ## Say in words what the consortium of CONFIG withstands, or that of HOSPITAL= with its ports
	@$(NETWORK) config-check $(if $(filter command environment,$(origin HOSPITAL)),--hospital "$(HOSPITAL)",--config "$(CONFIG)")

HOSPITAL_VERBS := $(shell grep -o '^hospital-[a-z]*' $(firstword $(MAKEFILE_LIST)))
.PHONY: $(HOSPITAL_VERBS)
hospital-init: ## Make this organisation's identities, from its hospital.yaml (HOSPITAL=)
hospital-found: ## Compute the channel's first block from all definitions
hospital-join: ## Take up a channel that others founded, by its digest in consortium.yaml
hospital-agree: ## Take up a consortium.yaml that changed: say each difference, also from the channel
hospital-leave: ## Say what is owed before this hospital's keys can be deleted (CONFIRM=MSPID deletes them)
hospital-up: ## Start this organisation: orderer, peers, chaincode, IPFS, trainer, gateway; or SERVICE= that was stopped
hospital-down: ## Stop it, or SERVICE= alone
hospital-restart: ## Restart SERVICE=, or all one after the other, each when the one before is ready
hospital-status: ## Show its processes, and whether the others answer
hospital-logs: ## Show the end of its logs (SERVICE=)
hospital-doctor: ## Look for what is wrong: names, ports, TLS, certificates, disk, file modes, quorum
hospital-upgrade: ## Restart it with this release, and the chaincode that consortium.yaml names
hospital-expiry: ## Say when each certificate ends (METRICS=FILE: for Prometheus' node_exporter too)
hospital-renew: ## Renew the certificates of WHAT=peer|peer1|gateway|trainer|chaincode|links|witness|admin|all|orderer
hospital-enrol: ## Invite PERSON= as ROLE= (HERE=1: the gateway signs for them), or certify their REQUEST=
hospital-persons: ## List who was enrolled
hospital-revoke: ## Revoke WHAT=trainer (which gets another key), or PERSON=, or CERTIFICATE=file, also of a host (REASON=)
hospital-probe: ## Ask every peer whether it refuses what was revoked, or IDENTITY=folder, or CERTIFICATE=file
hospital-lists: ## Take up which certificates of hosts (TLS) the others revoked
hospital-units: ## Write hardened units of systemd into OUT= (RUN_AS=consilium)
hospital-compose: ## Write a file for Docker Compose into OUT= (not tried on Docker)
hospital-complete: ## Bring what Compose started into the channel, and agree on the chaincode
hospital-backup: ## Copy it under a passphrase into the folder TO= (PASSPHRASE_FILE=, or it asks)
hospital-restore: ## Put it back from the file FROM= into an empty folder, on any host (PASSPHRASE_FILE=)
# option:VARIABLE
HOSPITAL_OPTIONS := service:SERVICE what:WHAT metrics:METRICS person:PERSON role:ROLE request:REQUEST reason:REASON \
	out:OUT user:RUN_AS confirm:CONFIRM to:TO from:FROM study-keys:STUDY_KEYS passphrase-file:PASSPHRASE_FILE \
	certificate:CERTIFICATE identity:IDENTITY
option_of = $(firstword $(subst :, ,$(1)))
value_of = $($(lastword $(subst :, ,$(1))))
$(HOSPITAL_VERBS): build
	@$(NETWORK) hospital $(@:hospital-%=%) --hospital "$(HOSPITAL)" $(if $(HERE),--here) \
		$(foreach one,$(HOSPITAL_OPTIONS),$(if $(call value_of,$(one)),--$(call option_of,$(one)) "$(call value_of,$(one))"))

.PHONY: test-hospitals
test-hospitals: build ## Four hospitals on four hosts found a channel and run the study, while much happens (root, Fabric, Kubo; ORDERING=, STEPS=)
	@$(NETWORK) test-hospitals $(if $(DATA),--data "$(DATA)") $(if $(ORDERING),--ordering $(ORDERING)) \
		$(if $(STEPS),--steps "$(STEPS)") $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: drill-restore
drill-restore: build ## Destroy one of four hospitals on a scratch network and restore it on another host (ORDERING=)
	@$(NETWORK) drill-restore $(if $(DATA),--data "$(DATA)") $(if $(ORDERING),--ordering $(ORDERING))

.PHONY: test
test: build $(if $(W)$(T),,lint) ## Run the tests: ALL=1 the end-to-end ones too; or those of W=workspace and T=name, file or title
	@$(WITH_NODE) W="$(W)" T="$(T)" ALL="$(ALL)" exec scripts/test.sh

.PHONY: watch
watch: build ## Compile at every change, and run the tests of what changed (or those of W= and T=)
	@$(WITH_NODE) W="$(W)" T="$(T)" exec node scripts/dist/watch.js

.PHONY: check
check: setup ## Check types, style and tidiness, in seconds
	@$(WITH_NODE) exec scripts/check.sh

.PHONY: coverage
coverage: build ## Say what of W=workspace (all) its tests run; writes out/coverage/lcov.info
	@$(WITH_NODE) W="$(W)" T="$(T)" exec scripts/coverage.sh

.PHONY: test-api
test-api: build ## Ask a gateway all that its OpenAPI document allows, and more, as every role (EXAMPLES=5; needs Python)
	@$(WITH_NODE) exec scripts/test-api.sh

.PHONY: lint
lint: setup ## Check style and formatting
	@$(WITH_NODE) npx biome check .

.PHONY: kubo
kubo: ## Build a real Kubo with Go, which the tests then compare the IPFS stand-in with
	@test-network/scripts/build-kubo.sh

.PHONY: conformance
conformance: build ## Judge a ledger: RUNTIME=embedded, or RUNTIME=native FABRIC_BIN_DIR=… ORDERING=raft|bft
	@$(NETWORK) conformance $(RUNTIME_FLAGS)

.PHONY: fuzz
fuzz: build ## Spoil inputs for MINUTES= (1) each, then run properties RUNS= (10) times as long; FUZZ=name, SEED=
	@$(WITH_NODE) MINUTES="$(MINUTES)" RUNS="$(RUNS)" FUZZ="$(FUZZ)" SEED="$(SEED)" exec scripts/fuzz.sh

.PHONY: kills
kills: build ## Kill a gateway KILLS= (500) times at every step of a submission, and count the ledger (RUNTIME=native)
	@$(WITH_NODE) KILLS="$(or $(KILLS),500)" LEDGERS="$(if $(filter native,$(RUNTIME)),raft,embedded)" \
		exec node gateway/dist/bench/kills.js

.PHONY: bench
bench: build ## Measure; prints JSON lines
	@$(WITH_NODE) exec scripts/bench.sh

.PHONY: release
release: build ## Make what a hospital installs, with one script, offline (OUT=, NODE=tarball of Node to bring along)
	@$(WITH_NODE) exec node scripts/dist/make-release.js $(if $(OUT),--out "$(OUT)") $(if $(NODE),--node "$(NODE)")

.PHONY: clean
clean: ## Remove what was built (not the consortium's data)
	@rm -rf out */dist gateway/console/dist packages/*/dist node_modules/.setup
