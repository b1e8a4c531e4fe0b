# Everything that is typed by hand. On a bare Debian 12, as root or with sudo: `make bench` runs the main job, `make test` the tests.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
JOBS ?= $(shell nproc)
BUILD := build
BENCH_ARGS ?= --repeat 3
DATA := workloads/fetch-data.sh >/dev/null 2>&1 || { tools/deps --lists && workloads/fetch-data.sh; }
CTEST := ctest --output-on-failure --no-tests=error

.PHONY: deps build bench test unit sanitize tsan lint tidy check fuzz portable wheel bench-overhead bench-nvtx bench-phases bench-accuracy bench-sharing bench-compare bench-jobs bench-daemon results format clean

deps:                 ## install what is missing of the Debian packages in tools/packages*.txt
	@tools/deps

build: deps           ## executables in build/bin/
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release -j $(JOBS)

bench: build          ## train and infer both applications on this node; table, page and records in nodewatt-bench/
	@$(DATA)
	@$(BUILD)/bin/nodewatt bench $(BENCH_ARGS)

test: check unit sanitize  ## every test

unit: build
	@[ -z "$${NODEWATT_CI:-}" ] || tools/deps packages-live.txt packages-latex.txt packages-slurm.txt  # they start as services: nobody gets them unasked on his own machine
	@$(DATA)
	@cd $(BUILD) && $(CTEST) -j $(JOBS)

sanitize: deps        ## the tests again under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build --preset asan -j $(JOBS)
	@cd $(BUILD)/asan && $(CTEST) -j $(JOBS)

tsan: deps            ## and under ThreadSanitizer
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build --preset tsan -j $(JOBS)
	@cd $(BUILD)/tsan && $(CTEST) -j $(JOBS)

check: deps           ## floors, sizes, names, format
	@tools/check_layers
	@tools/check_sizes
	@tools/check_names
	@tools/format --check

tidy: build           ## clang-tidy over src/
	@tools/tidy $(BUILD)

lint: check tidy

fuzz: deps            ## fuzz targets with libFuzzer, FUZZ_SECONDS each
	@tools/deps packages-fuzz.txt
	@cmake --preset fuzz --log-level=WARNING >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tests/fuzz/run_all $(BUILD)/fuzz $${FUZZ_SECONDS:-60}

portable: deps        ## dist/nodewatt-<version>-x86_64.tar.gz: needs glibc alone
	@cmake --preset portable --log-level=WARNING >/dev/null
	@cmake --build --preset portable -j $(JOBS) --target nodewatt nw_client nodewatt_shared nodewatt_nvtx
	@tools/portable $(BUILD)/portable

wheel: deps           ## dist/nodewatt-<version>-py3-none-manylinux_2_<n>_x86_64.whl: the Python package with its library
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release -j $(JOBS) --target nodewatt_shared
	@tools/wheel $(BUILD)

bench-overhead: build ## what measuring costs; the last line is one JSON object, goal name to figure
	@bench/overhead $(BUILD)

bench-nvtx: build     ## what NVTX ranges cost; the last line is one JSON object, goal name to figure
	@bench/nvtx $(BUILD)

bench-phases: build   ## what a phase costs its program, from C and from Python; the last line is one JSON object, goal name to figure
	@bench/phases $(BUILD)

results: build        ## docs/results/node-types.md: played node types, the two applications here, three findings; raw records beside it
	@$(DATA)
	@bench/results/make $(BUILD) $${RESULTS_ARGS:-}

bench-accuracy: build ## the error on played machines, SCENARIOS of them, and of RATIOS pairs compared; WRITE=docs/results writes the page; last line JSON
	@bench/accuracy/report $(BUILD) --scenarios $${SCENARIOS:-200} --seed $${SEED:-1} $${RATIOS:+--ratios $$RATIOS} $${WRITE:+--write $$WRITE}

bench-sharing: build  ## jobs that share a node: true energy inside the stated interval, NODES of each kind; WRITE=docs/results writes the page; last line JSON
	@bench/sharing/report $(BUILD) --nodes $${NODES:-100} --seed $${SEED:-1} $${WRITE:+--write $$WRITE}

bench-daemon: build   ## what a daemon that is killed loses, and what it costs; the last line is one JSON object, goal name to figure
	@bench/daemon $(BUILD) --kills $${KILLS:-200}

bench-compare: build  ## comparing and importing 1,000 records; the last line is one JSON object, goal name to figure
	@bench/comparing $(BUILD)

bench-jobs: build     ## 10,000 jobs of a second on one node: all recorded, the daemon no larger; as root; the last line is one JSON object
	@bench/short_jobs $(BUILD) --jobs $${JOBS_OF_BENCH:-10000}

format:
	@tools/format

clean:
	@rm -rf $(BUILD) dist
