#!/usr/bin/env bash
# doctor and sensors watch a BMC that is asked every 5 s, as is the default, for as long as it takes to see that it measures; one that says nothing
# new has no new value yet, and is not said to be missing.
. "$(dirname "$0")/lib.sh"
machine tree
PORT=$(free_ports 1)
bmc_site "$PORT"
bmc_up "$PORT"

"$NODEWATT" --root tree --config site.toml doctor >doctor.txt 2>err.txt & doctor=$!
"$NODEWATT" --root tree --config site.toml sensors --json >sensors.json || fail "sensors"
expect "sensors" "$(json sensors.json '[(s["state"], s["power_w"]) for s in r["sensors"] if s["id"] == "redfish/bmc0/power"]')" "[('ok', 480.0)]"
wait $doctor || fail "doctor: $(cat err.txt)"
grep -q '^  node 0 .* 480 W' doctor.txt || fail "the node's sensor is not among those that are read: $(cat doctor.txt)"
grep -q '^  Whole node  *measured$' doctor.txt || fail "what it means: $(cat doctor.txt)"

# A BMC of which a value takes an hour is not waited for, and not called dead.
printf 'period = "3600s"\n' >>site.toml
timeout 60 "$NODEWATT" --root tree --config site.toml doctor >slow.txt || fail "doctor on a slow BMC"
expect_in "its counter" slow.txt "counter  no new value yet"
grep -q '^  Whole node  *measured$' slow.txt || fail "its first power is one: $(cat slow.txt)"
grep -q 'no node power sensor' slow.txt && fail "a sensor that is there is said to be missing"
finish
