# Every target first sets up what it needs in .venv, once, and installs nothing elsewhere.
# Needs GNU make, a POSIX shell and Python 3.10, 3.11 or 3.12.
#
#   make venv PYTHON=python3.12             another Python than the one found
#   make venv MXNET=mxnet-cu117==1.9.1      MXNet for a GPU, remembered from then on
#   make test ARGS="-k unet"                further arguments, here for pytest
#   make lab ARGS=--no-browser              ... and here for JupyterLab
#   PIX2PIX_PROFILE=lesson PIX2PIX_CONTEXT=gpu make test

PY := .venv/bin/python
unexport PYTHONPATH PYTHONHOME

# Tests take the smallest profile unless the environment names another. A kernel that
# crashes leaves nbval waiting, so no cell may take longer than its profile explains.
TEST_PROFILE := $(or $(PIX2PIX_PROFILE),smoke)
TEST_CONTEXT := $(or $(PIX2PIX_CONTEXT),auto)
SECONDS_smoke := 300
SECONDS_lesson := 1800
SECONDS_full := 604800
CELL_TIMEOUT ?= $(or $(SECONDS_$(TEST_PROFILE)),1800)

.PHONY: help venv demo test lab bench clean

help: ## show this list
	@awk -F ': .*## ' '/^[a-z]+: .*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

venv: ## build the environment alone, in .venv (the other targets do so by themselves)
	@PYTHON='$(PYTHON)' MXNET='$(MXNET)' sh tools/venv.sh

demo: venv ## draw facades, train on them, show what came out: a few minutes
	@$(PY) -m gluon_pix2pix train pix2pix --dataset toy_facades --profile lesson \
	    --run runs/demo --overwrite

# In the kernel of .venv, whichever one a notebook was last saved with; PATH lets a shell
# line in a notebook find the same Python.
test: venv ## run all tests and every notebook
	@PATH="$$PWD/.venv/bin:$$PATH" \
	PIX2PIX_PROFILE=$(TEST_PROFILE) PIX2PIX_CONTEXT=$(TEST_CONTEXT) \
	$(PY) -m pytest \
	    --nbval-lax --nbval-current-env --nbval-cell-timeout=$(CELL_TIMEOUT) \
	    --nbval-sanitize-with=tests/nbval_sanitize.cfg \
	    --timeout=$$(($(CELL_TIMEOUT) + 60)) tests notebooks $(ARGS)

lab: venv ## open JupyterLab on the notebooks
	@PATH="$$PWD/.venv/bin:$$PATH" $(PY) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks $(ARGS)

# Another Python for PyTorch: make bench ARGS="--torch-python other/bin/python"
bench: venv ## measure speed and memory, beside PyTorch where it is installed: half an hour
	@$(PY) benchmarks/step.py $(ARGS)
	@$(PY) benchmarks/starting.py $(ARGS)
	@$(PY) benchmarks/checkpoints.py
	@$(PY) benchmarks/loading.py $(ARGS)

clean: ## delete .venv and all caches; downloads (data) and trainings (runs) stay
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache
	find . -path ./data -prune -o -path ./runs -prune -o -type d \
	    \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
