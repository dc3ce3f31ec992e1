PYTHON = .venv/bin/python
RERUNS = 1
# playwright brings a node; the machine needs none.
NODE = $(wildcard .venv/lib/python3*/site-packages/playwright/driver/node)
PROSE = collectd_fedmsg dashboard docs examples packaging tests benchmarks README.rst CHANGELOG.rst

.PHONY: help setup setup-test demo surge slow-db story stories test test-pythons soak check audit bench docs packages release clean
help:  ## Show the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
setup:  ## Install what is missing; quick when nothing is.
	@packaging/setup.sh
setup-test:
	@packaging/setup.sh test
demo: setup  ## Run a real bus, five daemons, collectd and the page, until Ctrl-C.
	@$(PYTHON) -m examples.demo run
surge:  ## Flood the running demo with build messages.
	@$(PYTHON) -m examples.demo surge
slow-db:  ## Make the running demo's database slow for a minute.
	@$(PYTHON) -m examples.demo slow-db
story: setup-test  ## Replay an incident on real parts: make story STORY=name [PACE=0.5].
	@$(PYTHON) -m examples.story $(or $(STORY),list) --pace $(or $(PACE),1)
stories: setup-test  ## Name the stories.
	@$(PYTHON) -m examples.story list
# Most tests wait for real processes, so four at a time. On a busy machine what fails is tried
# once more and listed as RERUN; in CI it is not.
test: setup-test  ## All tests; pictures go to artifacts/.
	@$(PYTHON) -m pytest -n 4 --dist loadfile --reruns $(RERUNS) -r aR
test-pythons: setup-test  ## The unit tests on every other Python of this machine.
	@packaging/test_pythons.sh
soak: setup-test  ## What takes too long for `make test`.
	@$(PYTHON) -m pip install -q --no-deps --require-hashes --only-binary :all: -r packaging/requirements/atheris.txt || \
	  echo "soak: no atheris for this Python: frames are not fuzzed by coverage" >&2
	@$(PYTHON) -m pytest -m soak
check: setup-test  ## Format, lint, types and spelling; the page's script linted and tested.
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --strict
	$(PYTHON) -m codespell_lib $(PROSE)
	.venv/bin/biome ci --error-on-warnings
	$(NODE) --test tests/javascript/*.test.mjs
audit: setup  ## Ask whether a pinned version has a known vulnerability; needs the network.
	@[ -x .venv/audit/bin/pip-audit ] || { $(PYTHON) -m venv .venv/audit && \
	  .venv/audit/bin/pip install -q --require-hashes -r packaging/requirements/tools.txt; }
	@.venv/audit/bin/python packaging/audit.py
# Each at most five minutes; what they print beside each other is of one run.
bench: setup-test  ## Counting, diagnosis, evidence, page and API, scaling, beside rivals; some five minutes.
	timeout 300 $(PYTHON) -m benchmarks.counting --rounds 5 --hubs 3
	timeout 300 $(PYTHON) -m benchmarks.diagnosis --quick
	timeout 300 $(PYTHON) -m benchmarks.evidence
	timeout 300 $(PYTHON) -m benchmarks.dashboard
	timeout 300 $(PYTHON) -m benchmarks.scaling 10 100 --seconds 12 --write-after 1 10
docs: setup-test  ## The documentation as HTML, in build/docs; warnings are errors.
	@$(PYTHON) -m sphinx -q -W --keep-going -b html docs build/docs && echo build/docs/index.html
packages: setup-test  ## sdist, wheel, deb and rpm, in dist/.
	@for what in python deb rpm; do packaging/builders/$$what.sh dist || exit 1; done; ls -1 dist
release: setup-test  ## Rehearse a release: build twice, check, install each package, try it; publish nothing.
	@packaging/builders/release.sh
clean:  ## Remove what setup and the runs made.
	rm -rf .venv .run artifacts build dist *.egg-info
