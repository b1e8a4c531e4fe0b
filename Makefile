# Everything that is typed by hand. On a bare Debian 12, as root or with sudo: `make bench` runs the main job, `make test` the tests.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
JOBS ?= $(shell nproc)
BUILD := build
BENCH_ARGS ?= --repeat 3
DATA := workloads/fetch-data.sh >/dev/null 2>&1 || { tools/deps --lists && workloads/fetch-data.sh; }
E2E_JOBS ?= 4
TIDY_SECONDS ?= 60
CTEST := ctest --output-on-failure --no-tests=error

PARTS := properties asan tsan fuzz learn latex mpi storm live shells gcc tidy-deep
BENCHES := overhead nvtx phases accuracy verdicts sharing compare jobs daemon known-power hooks engine

.PHONY: deps build bench test unit unit-programs e2e check tidy lint programs benches test-all $(PARTS:%=test-%) fuzz portable wheel $(BENCHES:%=bench-%) bench-build results format clean

deps:                 ## install what is missing of the Debian packages in tools/packages*.txt
	@tools/deps

build: deps           ## executables in build/bin/
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release -j $(JOBS)

bench: build          ## train and infer both applications on this node; table, page and records in nodewatt-bench/
	@$(DATA)
	@$(BUILD)/bin/nodewatt bench $(BENCH_ARGS)

test:                 ## what every change must pass: 25 minutes on two CPUs, installation included
	@tools/stages deps-test check build unit e2e tidy

deps-test: deps
	@[ -z "$${NODEWATT_CI:-}" ] || tools/deps packages-live.txt packages-slurm.txt  # they start as services: nobody gets them unasked on his own machine

unit-programs: deps
	@cmake --preset unit --log-level=WARNING >/dev/null
	@cmake --build --preset unit -j $(JOBS)

unit: unit-programs   ## libraries and unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cd $(BUILD)/unit && $(CTEST) -j $(JOBS)

e2e: build            ## whole programs, from outside
	@cmake --build --preset release -j $(JOBS) --target e2e_programs
	@$(DATA)
	@cd $(BUILD) && $(CTEST) -j $(E2E_JOBS) -LE nightly

check: deps           ## layers, drivers, sizes, names, printed words, format
	@tools/check_layers
	@tools/check_drivers
	@tools/driver_table --check
	@tools/check_sizes
	@tools/check_names
	@tools/check_words
	@tools/format --check

tidy: build           ## clang-tidy over what the last day changed and what includes it, for TIDY_SECONDS
	@tools/tidy $(BUILD) --changed $(TIDY_SECONDS)

lint: check tidy

# Everything else. Each part can be called alone: make test-asan ...
test-all:             ## make test and every other part; hours
	@tools/stages test $(PARTS:%=test-%) $(BENCHES:%=bench-%) bench-build

test-properties: unit-programs  ## the properties of the unit tests on CASES new cases each; a failure prints the seed to try it again with
	@cd $(BUILD)/unit && for test in bin/test_*; do RC_PARAMS=max_success=$${CASES:-300} $$test --gtest_brief=1; done

test-asan: deps       ## the end-to-end tests again under AddressSanitizer and UndefinedBehaviorSanitizer, by g++
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build build/asan -j $(JOBS) --target all e2e_programs
	@cd $(BUILD)/asan && $(CTEST) -j $(E2E_JOBS) -LE 'learn|latex'

test-tsan: deps       ## the unit tests under ThreadSanitizer, by g++, without precompiled headers
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build --preset tsan -j $(JOBS)
	@cd $(BUILD)/tsan && TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp $(CTEST) -j $(JOBS)

test-fuzz fuzz: deps  ## fuzz targets with libFuzzer, FUZZ_SECONDS each
	@cmake --preset fuzz --log-level=WARNING >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tests/fuzz/run_all $(BUILD)/fuzz $${FUZZ_SECONDS:-60}

PACKAGES_learn := slurm  # of a part whose packages are another's list
PACKAGES_storm := slurm
test-learn test-mpi test-storm test-live test-latex test-shells: test-%: build  ## the end-to-end tests with that label
	@cmake --build --preset release -j $(JOBS) --target e2e_programs
	@list=packages-$(or $(strip $(PACKAGES_$*)),$*).txt; [ ! -e tools/$$list ] || tools/deps $$list
	@$(DATA)
	@cd $(BUILD) && $(CTEST) -L '^$*$$'

test-gcc: deps        ## the programs by g++, each source with its own includes alone
	@cmake --preset gcc --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)/gcc -j $(JOBS) --target all benches e2e_programs

test-tidy-deep: build  ## clang-tidy over all of src/, every path
	@tools/tidy $(BUILD) --deep

benches: build
	@cmake --build --preset release -j $(JOBS) --target benches

portable: deps        ## dist/nodewatt-<version>-x86_64.tar.gz: needs glibc alone
	@cmake --preset portable --log-level=WARNING >/dev/null
	@cmake --build --preset portable -j $(JOBS) --target nodewatt nw_client nodewatt_shared nodewatt_nvtx
	@tools/portable $(BUILD)/portable

wheel: deps           ## dist/nodewatt-<version>-py3-none-manylinux_2_<n>_x86_64.whl: the Python package with its library
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release -j $(JOBS) --target nodewatt_shared
	@tools/wheel $(BUILD)

bench-build: deps      ## what touching one source of each layer costs until `make unit` is green; the last line is one JSON object
	@bench/build

bench-overhead: benches ## what measuring costs; the last line is one JSON object, goal name to figure
	@bench/overhead $(BUILD)

bench-nvtx: benches     ## what NVTX ranges cost; the last line is one JSON object, goal name to figure
	@bench/nvtx $(BUILD)

bench-phases: benches   ## what a phase costs its program, from C and from Python; the last line is one JSON object, goal name to figure
	@bench/phases $(BUILD)

results: build        ## docs/results/node-types.md: simulated node types, the two applications here, three findings; raw records beside it
	@$(DATA)
	@bench/results/make $(BUILD) $${RESULTS_ARGS:-}

bench-accuracy: benches ## the error on simulated machines, MACHINES of each node type; LONG=1 hours, STRICT=1 fails at a missed goal; WRITE=docs/results writes the page; last line JSON
	@bench/accuracy/report $(BUILD) $${MACHINES:+--machines $$MACHINES} --seed $${SEED:-1} $${RATIOS:+--ratios $$RATIOS} $${LONG:+--long} $${STRICT:+--strict} $${WRITE:+--write $$WRITE}

bench-verdicts: benches ## how often variants that are alike are called different, FAMILIES of each kind on NODES; WRITE=docs/results writes the page; last line JSON
	@bench/accuracy/verdicts $(BUILD) --families $${FAMILIES:-200} --nodes $${NODES:-40} --seed $${SEED:-1} $${WRITE:+--write $$WRITE}

bench-sharing: benches  ## jobs that share a node: true energy inside the stated interval, NODES of each kind; WRITE=docs/results writes the page; last line JSON
	@bench/sharing/report $(BUILD) --nodes $${NODES:-100} --seed $${SEED:-1} $${WRITE:+--write $$WRITE}

bench-daemon: benches   ## what a daemon that is killed loses, and what it costs; the last line is one JSON object, goal name to figure
	@bench/daemon $(BUILD) --kills $${KILLS:-200}

bench-compare: benches  ## comparing and importing 1,000 records; the last line is one JSON object, goal name to figure
	@bench/comparing $(BUILD)

bench-known-power: build ## how near energy comes to a known power times its time; the last line is one JSON object, goal name to figure
	@bench/known_power $(BUILD)

bench-hooks: build      ## what Slurm's prolog, epilog and plug-in cost a launch; the last line is one JSON object, goal name to figure
	@bench/hooks $(BUILD)

bench-engine: benches   ## the engine against its goals, users and killed clients and floods included; BENCH_KILLS, ENGINE_ARGS; as root; the last line is one JSON object
	@bench/engine/run $(BUILD) --kills $${BENCH_KILLS:-40} $${ENGINE_ARGS:-}

bench-jobs: benches     ## 10,000 jobs of a second on one node: all recorded, the daemon no larger; as root; the last line is one JSON object
	@bench/short_jobs $(BUILD) --jobs $${JOBS_OF_BENCH:-10000}

format:
	@tools/format

clean:
	@rm -rf $(BUILD) dist
