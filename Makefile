# Every target does its own set-up. Needs Python 3.11 or newer, pip and make, and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCH := $(BIN)/verticals benchmark --results benchmarks/results
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help install demo test check bench peers clean

help:  ## Show the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "verticals needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing (once; a few minutes, mostly PyTorch) ..."
	$(PIP) -e '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing with the developer tools (once) ..."
	$(PIP) -e '.[all,dev]'
	@touch $@ $(VENV)/.demo

install: $(VENV)/.demo  ## Make .venv and install every app

demo: $(VENV)/.demo  ## Train what is not trained yet and open the pages on 127.0.0.1:7860
	$(BIN)/verticals demo

test: $(VENV)/.dev  ## Run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

check: $(VENV)/.dev  ## Lint, type-check and test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

bench: $(VENV)/.demo  ## Measure what has no file in benchmarks/results/, on public data in $$VERTICALS_DATA
	$(BENCH) customer-service --method probe --suite shipped --suite banking77 --suite clinc150
	$(BENCH) customer-service --method lora --suite shipped --suite banking77
	$(BENCH) customer-service --method full --suite shipped --suite banking77 --suite clinc150 --suite snips
	$(BENCH) customer-service --method full --suite scripted-conversations --suite hard-conversations --suite development-conversations
	$(BENCH) customer-service --suite turns --suite load --suite stackfaq
	$(BENCH) customer-service --method full --suite turns
	$(BENCH) financial-sentiment --method full --seeds 3 --suite phrasebank-50agree --suite phrasebank-allagree
	$(MAKE) headlines-backbone
	$(BENCH) financial-sentiment --method full --seeds 3 --suite phrasebank-50agree --set backbone.name=headlines-backbone
	$(BENCH) financial-sentiment --method full --suite contrast
	$(BENCH) financial-sentiment --method tfidf --suite flooding --suite early-warning
	$(BENCH) financial-sentiment --suite nab-realtweets --suite throughput
	$(BENCH) financial-sentiment --method tfidf --suite throughput --set app.benchmark_items=1000000
	$(BENCH) recommender --suite ml-100k --suite book-crossing --suite million-items --suite serving
	$(BENCH) recommender --suite shilling --suite feedback-loop
	$(BIN)/python benchmarks/stopwatch.py --install --benchmark
	$(BIN)/python benchmarks/methods.py banking77
	$(BIN)/python benchmarks/methods.py banking77 --methods full --results benchmarks/results/methods-blend --set objective.blend=true
	$(BIN)/python benchmarks/methods.py banking77 --methods full --seeds 3 --set train.adversarial=1
	$(BIN)/python benchmarks/methods.py banking77 --methods adapter --seeds 1 --set objective.blend=true
	$(BIN)/python benchmarks/methods.py conll2003 --objective tag --methods full --seeds 1 --set train.learning_rate=1e-4 --set train.epochs=5
	$(BIN)/python benchmarks/methods.py conll2003 --objective tag --methods full --seeds 1 --set train.learning_rate=1e-4 --set train.epochs=5 --set train.adversarial=1
	$(BIN)/python benchmarks/epochs.py banking77 --precisions auto float32
	$(BIN)/python benchmarks/medical.py --set backbone.max_tokens=64 --set train.epochs=3 --without-pretraining --lambdas 0 0.1 0.3 1

headlines-backbone: | $(VENV)/.demo  # once, in a home of its own, so that the newest run there has seen the samples alone
	VERTICALS_HOME=runs/headlines $(BIN)/verticals train financial-sentiment --method full
	VERTICALS_HOME=runs/headlines $(BIN)/verticals export financial-sentiment headlines-backbone

peers: $(VENV)/.demo  ## Measure beside SetFit, implicit, VADER, the pipeline and the plain Trainer
	$(PIP) -e '.[all,peers]'
	$(BIN)/python benchmarks/peers/pipeline.py banking77
	$(BIN)/python benchmarks/peers/setfit_few.py banking77 --rows 8
	$(BIN)/python benchmarks/peers/setfit_few.py banking77 --rows 16
	$(BIN)/python benchmarks/peers/implicit_als.py
	$(BIN)/python benchmarks/peers/vader.py phrasebank-50agree
	$(BIN)/python benchmarks/peers/plain_trainer.py banking77 --method lora --set train.epochs=8 --epochs 10 --every 40
	$(BIN)/python benchmarks/tables.py

clean:  ## Remove the virtual environment; runs stay
	rm -rf $(VENV)
