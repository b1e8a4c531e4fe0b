#!/usr/bin/env bash
# Fetches the public data of the two applications out of Debian's packages, without installing them.
#
# usage: workloads/fetch-data.sh [DIR]     default: $NODEWATT_DATA, else ${XDG_CACHE_HOME:-~/.cache}/nodewatt/data
#
#   DIR/segmentation/  ch2, aal and ch2bet .nii.gz  (mricron-data, 16 MB: Colin27 T1 and AAL labels)
#   DIR/forecasting/   Rdata.rdb                    (r-cran-forecast, 1.5 MB: holds the series taylor)
#
# Prints the two paths. Each folder appears whole or not at all, with the package's copyright file in it; what is there already is
# left alone, so that a second call needs no network. Needs apt-get and dpkg-deb, not root.
set -euo pipefail

die() { echo "fetch-data: $*" >&2; exit 1; }

[ $# -le 1 ] || { echo "usage: fetch-data.sh [DIR]" >&2; exit 2; }
case "${1:-}" in -*) echo "usage: fetch-data.sh [DIR]" >&2; exit 2 ;; esac
dir=${1:-${NODEWATT_DATA:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/nodewatt/data}}
mkdir -p "$dir" || die "cannot create $dir"
dir=$(cd "$dir" && pwd)
if command -v flock >/dev/null; then  # two calls at once: the second waits and finds all in place
  exec 9>"$dir/.lock" || die "cannot write in $dir"
  flock 9
fi

# fetch PACKAGE FOLDER SOURCE FILE...: unpacks SOURCE/FILE... of the package as DIR/FOLDER/FILE...
fetch() {
  local package=$1 folder=$2 source=$3 file missing=0
  shift 3
  for file in "$@"; do [ -s "$dir/$folder/$file" ] || missing=1; done
  [ $missing = 1 ] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    die "$package: apt-get and dpkg-deb are needed; on another system put $* into $dir/$folder by hand"
  local work
  work=$(mktemp -d "$dir/.fetch.XXXXXX") || die "cannot write in $dir"
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && apt-get -qq download "$package" >apt.log 2>&1) || {
    local why
    why=$(grep -m1 '^E:' "$work/apt.log" || tail -n 1 "$work/apt.log")
    die "cannot download $package (offline, or no package lists: try apt-get update): ${why#E: }"
  }
  dpkg-deb -x "$work/$package"_*.deb "$work/root" || die "cannot unpack $package"
  mkdir "$work/whole"
  for file in "$@"; do cp "$work/root/$source/$file" "$work/whole/" || die "$package no longer holds $source/$file"; done
  cp "$work/root/usr/share/doc/$package/copyright" "$work/whole/" 2>/dev/null || true
  chmod 755 "$work/whole"
  rm -rf "${dir:?}/$folder"
  mv -T "$work/whole" "$dir/$folder" || die "cannot write $dir/$folder"
  rm -rf "$work"
  trap - EXIT
}

fetch mricron-data segmentation usr/share/mricron/templates ch2.nii.gz aal.nii.gz ch2bet.nii.gz
fetch r-cran-forecast forecasting usr/lib/R/site-library/forecast/data Rdata.rdb
echo "$dir/segmentation"
echo "$dir/forecasting/Rdata.rdb"
