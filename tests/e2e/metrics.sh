#!/usr/bin/env bash
# A real Prometheus scrapes nodewattd, and has the joules that the daemon itself gives, to the microjoule; counters never fall; half-open
# connections by the dozen do not keep it out. usage: metrics.sh BIN [PROGRAM]; PROGRAM: nodewattd, or what takes its options (tests/metrics_server).
# The last line but one is JSON: joules, scrapes, what the program took.
ISOLATED=net  # its ports are its own
PROGRAM=$(readlink -f "${2:-$1/nodewattd}")
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
for tool in prometheus promtool curl; do command -v $tool >/dev/null || skip "no $tool (tools/deps packages-live.txt)"; done
[ -x "$PROGRAM" ] || skip "$PROGRAM was not built"

curl() { command curl -s --max-time 10 "$@"; }
read -r PORT SERVER < <(free_ports 2)
SERVER=127.0.0.1:$SERVER
PAGE=http://127.0.0.1:$PORT/metrics
query() { curl -fG "http://$SERVER/api/v1/query" --data-urlencode "query=$1"; }
value() {  # value QUERY: of its first series
  query "$1" | json /dev/stdin '[series["value"][1] for series in r["data"]["result"] + [{"value": (0, "nothing")}]][0]'
}

# A machine whose counters move, and the program on it.
feed tree 220 180 30
serve() {
  "$PROGRAM" --metrics 127.0.0.1:"$PORT" --socket "$WORK/node.sock" --state "$WORK/state" --root "$WORK/tree" --cgroup "$WORK/none" 2>program.txt &
  SERVED=$!
  wait_for curl -f "$PAGE" || { fail "$PROGRAM does not answer: $(cat program.txt)"; finish; }
}
serve
python3 "$HERE/node_states.py" ask node.sock states.jsonl 2>ask.txt &

# The two forms, by other people's readers. promtool would have joules for the error of conservation: it is whole microjoules on purpose.
curl -D plain.head "$PAGE" >plain.txt
expect_in "plain form" plain.head 'text/plain; version=0.0.4'
promtool check metrics <plain.txt >lint.txt 2>&1
expect "promtool" "$(grep -v 'nodewatt_conservation_error_microjoules use base unit' lint.txt)" ""
curl -H 'Accept: application/openmetrics-text' -D open.head "$PAGE" >open.txt
expect_in "OpenMetrics" open.head 'application/openmetrics-text; version=1.0.0'
expect "its end" "$(tail -n 1 open.txt)" "# EOF"
expect "HEAD" "$(curl -I "$PAGE" | head -n 1 | tr -d '\r')" "HTTP/1.1 200 OK"

cat >prometheus.yml <<X
global: {scrape_interval: 2s, scrape_timeout: 2s}
scrape_configs: [{job_name: nodewatt, static_configs: [{targets: ['127.0.0.1:$PORT']}]}]
X
prometheus --config.file=prometheus.yml --storage.tsdb.path="$WORK/data" --web.listen-address="$SERVER" --log.level=warn 2>prometheus.txt &
wait_for curl -f "http://$SERVER/-/ready" || fail "Prometheus does not start: $(tail -n 3 prometheus.txt)"
scraped() { [ "$(value up)" = 1 ]; }
wait_for scraped || fail "Prometheus does not scrape: $(curl "http://$SERVER/api/v1/targets")"

# From here on clients keep connections open with half a request.
python3 - "$PORT" <<'END' &
import socket, sys, time
held = []
while True:
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    client.send(b"GET /metr")
    held = held[-100:] + [client]
    time.sleep(0.02)
END

# Two times, each after a publication that has been scraped.
joules=()
node_joules() { value 'nodewatt_energy_joules_total{part="node"}'; }
is_posted() { [ "$(node_joules)" != "$before" ]; }
for _ in 1 2; do
  before=$(node_joules)
  wait_for is_posted
  query '{__name__=~"nodewatt_.*"}' >query.json
  got=$(python3 "$HERE/node_states.py" check states.jsonl query.json 2>&1) || fail "$got $(cat ask.txt)"
  joules+=("$got")
done
[ "${joules[0]}" != "${joules[1]}" ] || fail "the node took nothing: ${joules[*]}"
expect "every scrape was answered" "$(value 'min_over_time(up[5m])')" 1
expect "counters never fall" "$(value 'sum(resets({__name__=~"nodewatt_.*joules_total"}[5m]))')" 0
expect "conservation" "$(value 'sum(max_over_time(nodewatt_conservation_error_microjoules[5m]))')" 0
expect "the three rows are the node" "$(value 'abs(sum(nodewatt_attributed_energy_joules_total) - sum(nodewatt_energy_joules_total{part="node"})) < bool 0.001')" 1
expect "unit" "$(curl -f "http://$SERVER/api/v1/metadata?metric=nodewatt_energy_joules" | json /dev/stdin '[(m["type"], m["unit"]) for m in r["data"]["nodewatt_energy_joules"]]')" "[('counter', 'joules')]"
printf '{"program": "%s", "node_joules": [%s], "scrapes": %s, "cpu_seconds": %s, "resident_bytes": %s}\n' "$(basename "$PROGRAM")" \
  "$(IFS=,; echo "${joules[*]}")" "$(value 'count_over_time(up[5m])')" "$(value nodewatt_daemon_cpu_seconds_total)" "$(value nodewatt_daemon_resident_bytes)"

# Killed in between two posts and started again: to a scraper it is the same.
if [ "$(basename "$PROGRAM")" = nodewattd ]; then
  before=$(node_joules)
  wait_for is_posted
  kill -KILL $SERVED
  wait $SERVED 2>/dev/null
  serve
  is_reset() { [ "$(value 'resets(nodewatt_daemon_cpu_seconds_total[5m])')" = 1 ]; }
  wait_for is_reset  # it is another process
  expect "counters never fall over a kill" "$(value 'sum(resets({__name__=~"nodewatt_.*joules_total"}[5m]))')" 0
fi
finish
