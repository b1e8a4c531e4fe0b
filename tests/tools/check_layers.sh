#!/usr/bin/env bash
# tools/check_layers passes on this repository, and names every kind of foreign include with file, line and the missing arrow.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/tools/check_layers"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"

# A small tree with the real arrows and a header or two a layer.
mkdir -p tools include/nodewatt workloads/common bench sim src/{base,site,sensor/drivers,energy,client,consumer,accounting,record,store,report,apps/cli}
cp "$root/tools/layers.txt" tools/
touch src/base/{units,tape,result}.h src/site/site.h src/consumer/wire.h src/sensor/{sensor,driver,reader}.h src/sensor/drivers/{rapl,nvml,nvml_abi}.h src/energy/containment.h \
  src/accounting/phases.h src/store/store.h src/report/report.h src/apps/cli/command.h include/nodewatt/nodewatt.h workloads/common/csv.h

# FILE INCLUDE: one more line of FILE.
include() { echo "#include $2" >>"$1"; }
# One that is not allowed; ARROW is the one that it lacks.
expected=''
foreign() {  # FILE INCLUDE TARGET ARROW
  include "$1" "$2"
  expected+="$1:$(wc -l <"$1"): includes $3: no arrow $4 in tools/layers.txt"$'\n'
}
run() { code=0; said=$("$root/tools/check_layers" . 2>&1) || code=$?; }
must_end_with() { [ "$code" = "$1" ] || { echo "exit $code in place of $1: $said"; exit 1; }; }

include src/apps/cli/run.cc '"report/report.h"'
include src/report/text.cc '"base/units.h"'
include src/sensor/drivers/nvml.cc '"sensor/drivers/nvml_abi.h"'
include src/sensor/drivers/nvml.cc '"nvml.h"'
include src/sensor/drivers/rapl_perf.cc '"sensor/drivers/rapl.h"'
include src/sensor/drivers/nvml_test.cc '"sensor/reader.h"'
include src/store/sqlite.cc '"record/record.pb.h"'
include src/base/units.cc '<vector>'
include src/base/units.cc '"gtest/gtest.h"'
include workloads/common/csv.cc '<nodewatt/nodewatt.h>'
include workloads/common/csv.cc '"csv.h"'
include sim/play.cc '"base/tape.h"'
run
must_end_with 0

foreign src/base/units.cc '"store/store.h"' store/store.h 'base -> store'
foreign src/base/units.cc '"../store/store.h"' store/store.h 'base -> store'
foreign src/base/units.cc '<store/store.h>' store/store.h 'base -> store'
foreign src/base/units.cc '"store/gone.h"' store/gone.h 'base -> store'
foreign src/energy/containment.cc '"record/record.pb.h"' record/record.pb.h 'energy -> record'
foreign src/energy/containment.cc '"sensor/drivers/nvml.h"' sensor/drivers/nvml.h 'energy -> sensor/drivers'
foreign src/store/sqlite.cc '"report/report.h"' report/report.h 'store -> report'
foreign src/report/text.cc '"apps/cli/command.h"' apps/cli/command.h 'report -> apps'
foreign src/sensor/drivers/hwmon.cc '"sensor/drivers/nvml.h"' sensor/drivers/nvml.h 'sensor/drivers -> sensor/drivers'
foreign src/sensor/drivers/hwmon.cc '"nvml.h"' sensor/drivers/nvml.h 'sensor/drivers -> sensor/drivers'
foreign src/sensor/drivers/hwmon.cc '"sensor/reader.h"' sensor/reader.h 'sensor/drivers -> sensor'
foreign src/site/site.cc '"sensor/sensor.h"' sensor/sensor.h 'site -> sensor'
foreign src/consumer/wire.cc '"record/record.pb.h"' record/record.pb.h 'consumer -> record'
foreign src/record/record.cc '"accounting/phases.h"' accounting/phases.h 'record -> accounting'
foreign src/client/client.cc '"consumer/wire.h"' consumer/wire.h 'client -> consumer'
foreign src/client/client.cc '"energy/containment.h"' energy/containment.h 'client -> energy'
foreign workloads/common/csv.cc '"base/units.h"' base/units.h 'workloads -> base'
foreign sim/play.cc '"sensor/sensor.h"' sensor/sensor.h 'sim -> sensor'
foreign include/nodewatt/nodewatt.hpp '"base/result.h"' base/result.h 'include -> base'
mkdir src/attic
include src/attic/old.cc '"base/units.h"'
expected+='src/attic/old.cc:1: no line of tools/layers.txt speaks of this file'
run
must_end_with 1
diff <(sort <<<"$expected") <(sort <<<"$said")

# One foreign include alone is enough to fail.
rm -r src/*/*.cc src/*/*/*.cc workloads/common/csv.cc sim/play.cc include/nodewatt/nodewatt.hpp src/attic
include src/base/units.cc '"store/store.h"'
run
must_end_with 1

echo 'base base' >tools/layers.txt
run
must_end_with 2
echo "check_layers: ok"
