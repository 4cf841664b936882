# Everything starts here: `make up` runs the cafe, `make test` proves it.
# PYTHON chooses the interpreter of .venv, RUN_DIR the folder of a stack's files, STORE where the
# services keep their documents: sqlite, valkey or postgres.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; \
	done; echo python3)
RUN_DIR ?= .run
export STORE ?= sqlite
BIN := .venv/bin
RUN := $(BIN)/python -m
INSTALLED := .venv/.installed
MEMBERS := kit order-svc payment-svc cafe-svc mypage-svc sandbox
PACKAGES := cafe_kit order_svc payment_svc cafe_svc mypage_svc cafe_sandbox
FULLY_COVERED := kit/cafe_kit/*,*/domain.py,*/model.py,*/deadlines.py,*/catalogue.py,*/indexes.py,*/documents.py,*/saga.py
FAST := not real and not e2e and not browser and not cli and not chaos and not siege and not manifests and not k8s

IMAGE_NAMES := order-svc payment-svc cafe-svc mypage-svc sandbox edge
KIND_NODE := kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5
GATEWAY_API := https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.3/standard-install.yaml
DIGESTS = sed -nE 's/.*"([^"]+@sha256:[0-9a-f]+)".*/\1/p' $(IMAGES)
HELM := helm upgrade --kube-context kind-cafe --install --wait --timeout 5m

.DEFAULT_GOAL := help
.PHONY: help install up down sandbox demo reconcile drift rebuild-pages token doctor dapr test lint types unit e2e browser simulate chaos siege k8s-test mutate contracts figures page-figures web-figures screenshots manifests images scan sign promote kind dev-secrets lock clean

help: ## list the commands
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)$$/\1\t\2/p' Makefile | expand -t 12

install: $(INSTALLED) ## .venv with everything pinned in requirements.lock

$(INSTALLED): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@$(call need_python)
	@test -x $(BIN)/python || { echo "Creating .venv"; $(PYTHON) -m venv .venv; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	@echo "Installing requirements.lock"
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps $(MEMBERS:%=-e ./%)
	@touch $@

up: install ## start the cafe: four services, their sidecars, all they need: make up [STORE=postgres]
	@$(RUN) tools.up --store $(STORE) --run-dir $(RUN_DIR)

down: install ## stop the cafe from another terminal
	@$(RUN) tools.down --run-dir $(RUN_DIR)

sandbox: install ## only the stand-ins for external systems, beside `dapr run -f dapr.yaml`
	@$(RUN) tools.up --sandbox --run-dir $(RUN_DIR)

demo: install ## play one order on the running cafe
	@$(RUN) tools.demo --run-dir $(RUN_DIR)

reconcile: ## compare our books with the payment gateway's: make reconcile [OLDER_THAN=15]
	@$(RUN) tools.reconcile --refund-older-than $(or $(OLDER_THAN),15) --run-dir $(RUN_DIR)

drift: ## compare the pages with the services they tell of: make drift [NEWEST=500]
	@$(RUN) tools.drift $(NEWEST:%=--newest %) --run-dir $(RUN_DIR)

rebuild-pages: ## build the pages anew from the events, while the old ones are served
	@$(RUN) tools.rebuild --run-dir $(RUN_DIR)

token: ## print a bearer token: make -s token SUB=ana ROLE=customer [CAFE=gangnam]
	@$(RUN) tools.sign_in "$(SUB)" "$(ROLE)" --cafe "$(CAFE)" --run-dir $(RUN_DIR)

doctor: ## name what is missing on this machine
	@$(call need_python)
	@if test -x $(BIN)/python; then $(RUN) tools.doctor; else $(PYTHON) -m tools.doctor; fi

dapr: install ## find daprd, scheduler and the Dapr CLI, or build them
	@$(RUN) tools.build_dapr --cli

test: install dapr lint types ## lint, types, all tests in the order of SEED, branch coverage: make test [SEED=7]
	@$(RUN) tools.build_kustomize >/dev/null
	@$(RUN) pytest --randomly-seed=$(or $(SEED),1) $(PACKAGES:%=--cov=%) --cov-branch --cov-report=
	@$(BIN)/coverage report --skip-covered --include='$(FULLY_COVERED)' --fail-under=100

lint: install ## ruff and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: install ## pyright, strict
	@$(BIN)/pyright

unit: install ## the tests that need no process
	@$(RUN) pytest -m "$(FAST)"

e2e: install ## customer stories on the real stack: make e2e [STORE=postgres]
	@$(RUN) pytest tests/e2e

browser: install ## people's stories in a real Chromium, on the real stack
	@$(RUN) pytest tests/browser

simulate: install ## every crash point, then random histories for N minutes: make simulate N=30 [SEED=7] [WRITE=page.md]
	@$(RUN) tests.simulation --minutes $(or $(N),5) $(SEED:%=--seed %) $(WRITE:%=--write %)

chaos: install dapr ## every fault under load on real stacks, <= 60 min: make chaos [ONLY=name] [SEED=7] [STORE=postgres] [WRITE=page.md]
	@$(RUN) tests.chaos $(if $(ONLY),--only "$(ONLY)") $(SEED:%=--seed %) $(STORE:%=--store %) $(WRITE:%=--write %)

siege: install dapr ## many people order while cafe-svc is slow, or the payment gateway down, <= 5 min: make siege [SEED=7] [WRITE=docs/siege.md]
	@$(RUN) tests.siege $(SEED:%=--seed %) $(WRITE:%=--write %)

k8s-test: install dev-secrets ## everything on a real cluster, half an hour: make k8s-test KUBECONFIG=file [ONLY=rollout] [NAMESPACE=name] [KEEP=1] [ALL=1] [OVERLAY=dir] [CLASS=name|none] [GATEWAY=url] [WRITE=page.md]
	@$(RUN) tests.k8s $(if $(ONLY),--only "$(ONLY)") $(NAMESPACE:%=--namespace %) $(if $(KEEP),--keep) $(if $(ALL),--all) $(OVERLAY:%=--overlay %) $(CLASS:%=--gateway-class %) $(GATEWAY:%=--gateway %) $(WRITE:%=--write %)

mutate: install ## change every row of the state tables once: do the tests notice? make mutate [SERVICE=order-svc]
	@$(RUN) tests.tools.mutation --at-least 90 $(SERVICE)

contracts: install ## write contracts/ from the services, docs/access.md and the gateway's routes from edge/routes.toml
	@$(RUN) tools.contracts
	@$(RUN) tools.edge
	@$(RUN) tools.access

figures: install dapr ## measure calls, deliveries and times of an order; writes docs/figures.md
	@$(RUN) tools.figures

page-figures: install dapr ## measure the read side: batching, freshness, streams, growth; writes docs/figures-pages.md
	@$(RUN) tools.page_figures

web-figures: install dapr ## measure the first visit of the web app in Chromium; writes docs/figures-web.md
	@$(RUN) tests.browser.figures

screenshots: install dapr ## picture every page of the web app, 375 pixels wide; writes docs/screenshots/
	@$(RUN) tests.browser.screenshots

manifests: install ## render and check everything in k8s/ without a cluster: schemas, policies
	@$(RUN) tools.manifests

images: install ## build all images: make images [ENGINE=podman] [BASE_IMAGE=..] [REGISTRY=..] [FLAGS=..] [PUSH=images.json]
	@$(call need_python)
	@$(PYTHON) -m tools.images $(if $(ENGINE),--engine "$(ENGINE)") $(if $(FLAGS),--flags="$(FLAGS)") $(BASE_IMAGE:%=--base-image %) \
		$(REGISTRY:%=--registry %) $(SOURCE:%=--source %) $(PUSH:%=--push %)

scan: ## fail on known weaknesses that a newer version has mended, with grype: make scan IMAGES=images.json
	@for image in $$($(DIGESTS)); do $${GRYPE:-grype} --only-fixed --fail-on high "$$image" || exit 1; done

sign: ## sign what was pushed, with cosign and without a key: make sign IMAGES=images.json
	@cosign sign --yes $$($(DIGESTS))

promote: ## write digests into an overlay: make promote TO=staging FROM=images.json, make promote TO=prod FROM=staging
	@$(PYTHON) -m tools.promote $(TO) $(FROM)

kind: ## a cluster of your own, by docker, kind, kubectl and helm, with Dapr and the images of `make images`
	@kind get clusters | grep -qx cafe || kind create cluster --name cafe --image $(KIND_NODE)
	@kubectl apply --context kind-cafe --server-side -f $(GATEWAY_API)
	@$(HELM) metrics-server metrics-server --repo https://kubernetes-sigs.github.io/metrics-server/ \
		--version 3.13.1 --namespace kube-system --set 'args={--kubelet-insecure-tls}'
	@$(HELM) dapr dapr --repo https://dapr.github.io/helm-charts --version 1.18.2 \
		--namespace dapr-system --create-namespace -f k8s/platform/dapr.yaml --set global.ha.enabled=false
	@kind load docker-image --name cafe $(IMAGE_NAMES:%=localhost/%:dev)
	@kubectl config use-context kind-cafe

dev-secrets: install ## random passwords and tokens for k8s/overlays/dev, written once
	@$(RUN) tools.dev_secrets

lock: install ## resolve requirements.lock again
	@$(BIN)/uv pip compile --universal --generate-hashes -p 3.11 --no-header --no-annotate \
		--no-emit-package cafe-kit kit/pyproject.toml order-svc/pyproject.toml \
		sandbox/pyproject.toml --group dev -o requirements.lock

clean: down ## delete caches, coverage and the data of the stopped stack
	@find $(RUN_DIR) -mindepth 1 ! -name .gitignore -delete
	@rm -rf .coverage .coverage.* .dapr .hypothesis .import_linter_cache .pytest_cache .ruff_cache

define need_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12"; exit 1; }
endef
