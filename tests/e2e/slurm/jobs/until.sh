#!/bin/sh
# until.sh FILE: nothing but time, until FILE is there.
until [ -e "$1" ]; do sleep 0.2; done
