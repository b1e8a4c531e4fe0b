#!/usr/bin/env bash
# tools/check_drivers passes on the house; a list of drivers that somebody keeps by hand, or code that knows one by its name, is found with file
# and driver. README's table is what tools/driver_table writes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/tools/check_drivers"
"$root/tools/driver_table" --check

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
run() { code=0; said=$("$root/tools/check_drivers" . 2>&1) || code=$?; }
must_end_with() { [ "$code" = "$1" ] || { echo "exit $code in place of $1: $said"; exit 1; }; }
must_say() { grep -qF -- "$1" <<<"$said" || { echo "FAIL: it does not say '$1': $said"; exit 1; }; }
must_find() { run; must_end_with 1; must_say "$1"; }

mkdir -p tools docs/adr sim src/{report,accounting,sensor/drivers} tests/tapes/nvml
for driver in rapl_perf nvml hwmon model; do echo "NW_DRIVER($driver, false, \"what $driver reads\")"; done >src/sensor/drivers.def

# A driver's own files, history, comments, texts with the name inside a word, and words of English.
echo 'const char* kMine = "nvml/GPU-1";' >src/sensor/drivers/nvml.cc
echo 'sensor nvml/GPU-1' >tests/tapes/nvml/node.tape
echo 'nvml came first, rapl_perf and hwmon later' >docs/adr/0001-first.md
echo 'const char* kLibrary = "libnvml.so";  // "nvml", as a "//" says' >src/report/library.cc
echo '/* nvml */ int model;' >src/report/model.h
echo 'a model of utilisation' >docs/model.md
run
must_end_with 0
must_say 'check_drivers: 4 drivers'

# Each way of knowing one.
echo 'const char* kIds = "nvml/";' >src/accounting/owners.cc
must_find 'src/accounting/owners.cc:1: names a driver, nvml'
echo 'node.open(probe_hwmon(host));' >src/accounting/owners.cc
must_find 'src/accounting/owners.cc:1: names a driver, hwmon'
printf '\nreturn id.starts_with("model/");\n' >src/accounting/owners.cc
must_find 'src/accounting/owners.cc:2: names a driver, model'
rm src/accounting/owners.cc
echo 'set_source_files_properties(src/sensor/drivers/nvml.cc PROPERTIES X)' >CMakeLists.txt
must_find 'CMakeLists.txt:1: names a driver, nvml'
rm CMakeLists.txt

# What is excused, and what needs no excuse any more.
echo 'family nvml' >sim/node.toml
must_find 'sim/node.toml:1: names a driver, nvml'
echo 'sim/* | * | simulated nodes have some sensors' >tools/driver_names.txt
run
must_end_with 0
echo 'families: nvml, hwmon' >sim/node.toml
must_find 'sim/node.toml:1: lists drivers, hwmon'
echo 'sim/node.toml | nvml hwmon | the simulator has families of its own' >tools/driver_names.txt
run
must_end_with 0
rm sim/node.toml
must_find 'tools/driver_names.txt:1: sim/node.toml needs no excuse any more'
echo 'sim/* | *' >tools/driver_names.txt
run
must_end_with 2
rm tools/driver_names.txt

# README's table is no list by hand; any other in it is one.
printf '# What it reads\n<!-- drivers: written by tools/driver_table -->\n<!-- end of drivers -->\nAnd more.\n' >README.md
if "$root/tools/driver_table" --check . 2>/dev/null; then echo "FAIL: an empty table passes"; exit 1; fi
"$root/tools/driver_table" .
"$root/tools/driver_table" --check .
diff README.md - <<'README'
# What it reads
<!-- drivers: written by tools/driver_table -->
| driver | what it reads |
|---|---|
| [rapl_perf](src/sensor/drivers/rapl_perf.md) | what rapl_perf reads |
| [nvml](src/sensor/drivers/nvml.md) | what nvml reads |
| [hwmon](src/sensor/drivers/hwmon.md) | what hwmon reads |
| [model](src/sensor/drivers/model.md) | what model reads |
<!-- end of drivers -->
And more.
README
run
must_end_with 0
echo '| hwmon | read too |' >>README.md
must_find 'README.md:11: names a driver, hwmon'
echo "ok: check_drivers"
