#!/bin/sh
# busy.sh SECONDS: one processor's worth of work.
end=$(($(date +%s) + $1))
while [ "$(date +%s)" -lt $end ]; do :; done
