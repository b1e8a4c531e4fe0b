#!/bin/sh
# plain.sh SECONDS: nothing but time.
sleep "$1"
