# Every target makes its own .venv first; running one again is quick.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS ?= test,bench
MINUTES ?= 10
EXAMPLES ?= 10000

SOURCES := setup.py src/mlplab/engine/native/sources.py $(wildcard src/mlplab/engine/native/kernel/*.[ch])
WHEELS := linux-x86_64 linux-aarch64 macos-arm64 macos-x86_64 windows-x86_64

.PHONY: demo test test-slow fuzz sanitize lint bench docs memory shift simulations wheels clean

demo: .venv/.installed  ## exercise 4.2.1 on real Fashion-MNIST, with error bars and a page
	$(BIN)/mlplab data fetch fashion-mnist
	$(BIN)/mlplab run 4.2.1 --profile quick --out reports

# Bytecode is kept, whatever the environment says: a hundred processes would each compile it anew.
test: .venv/.installed  ## all normal tests; random ones draw the same examples every time
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

test-slow: .venv/.installed  ## the long ones: simulations, many kills, Fashion-MNIST trainings; from a fresh seed
	seed=$(SEED); seed=$${seed:-$$($(PYTHON) -c 'import random; print(random.randrange(10**9))')}; \
	echo "seed $$seed (again: make test-slow SEED=$$seed)"; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slow --hypothesis-profile fuzz --hypothesis-seed $$seed

fuzz: .venv/.installed  ## EXAMPLES=10000 hostile inputs of each kind (an hour), then all random tests for MINUTES=10
	seed=$(SEED); seed=$${seed:-$$($(PYTHON) -c 'import random; print(random.randrange(10**9))')}; \
	echo "seed $$seed (again: make fuzz SEED=$$seed)"; FUZZ_EXAMPLES=$(EXAMPLES) OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/hostile \
		--hypothesis-profile fuzz --hypothesis-seed $$seed
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

sanitize: .venv/.installed  ## the compiled loops' tests with gcc's checks of addresses and of undefined behaviour
	CC=gcc CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		$(BIN)/python setup.py --quiet build_ext --build-lib build/checked --build-temp build/checked
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		MLPLAB_LOOPS=build/checked/mlplab/engine/native/kernel/loops.so ASAN_OPTIONS=detect_leaks=0 \
		OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/engine/test_kernel.py \
		tests/engine/test_curves.py tests/engine/test_native.py

lint: .venv/.linting  ## ruff, mypy --strict, and what the pages show as a typed reader sees it
	$(BIN)/ruff check src tests setup.py
	$(BIN)/ruff format --check src tests setup.py
	$(BIN)/mypy
	$(BIN)/python tests/typed_pages.py

bench: .venv/.installed  ## every workload beside its baselines, in one run
	$(BIN)/mlplab bench

docs: .venv/.installed  ## pages that are made from the code: the command reference and the vocabulary
	$(BIN)/python -m mlplab.cli.reference docs

memory: .venv/.installed  ## the table of predicted and measured memory in docs, 90 processes one after another
	$(BIN)/python -m mlplab.bench.memory --out docs/memory-measured.md

shift: .venv/.installed  ## false alarms and power of the shift detectors, in docs: two hours; [compared] for others' tests
	OMP_NUM_THREADS=1 $(BIN)/python -m mlplab.bench.shift --kept build/shift.jsonl --out docs/shift-measured.md

simulations: .venv/.installed  ## the simulations' tables in docs, an hour
	$(BIN)/python -m mlplab.bench.verdict_simulation --out docs/verdict-simulation.md --long
	$(BIN)/python -m mlplab.bench.coverage_simulation --out docs/coverage-simulation.md --long
	$(BIN)/python -m mlplab.bench.shift_correction --times 5 --covers 1000 --out docs/shift-correction-measured.md

wheels: .venv/.installed  ## a wheel for each kind of machine, cross-compiled, in dist/
	for target in $(WHEELS); do rm -rf build && MLPLAB_TARGET=$$target \
		$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist . || exit 1; done

clean:
	rm -rf .venv build dist reports .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mlplab needs Python 3.11 or newer; try: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "no venv module: on Debian, apt-get install python3-venv"; exit 1; }

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

.venv/.linting: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
