#!/bin/sh
# busy.sh SECONDS FILE: so many seconds of a processor, however long it takes to get them; FILE is there when they are over.
(ulimit -t "$1"; while :; do :; done) 2>/dev/null
touch "$2"
