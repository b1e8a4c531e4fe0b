#!/usr/bin/env bash
# What `cmake --install` puts below a DESTDIR is whole: programs, library, headers, completions, documents and units work from there with
# nothing else, and none of it names a path of the build.
. "$(dirname "$0")/lib.sh"
BUILD=$(readlink -f "$1/..")
command -v cmake >/dev/null || skip "no cmake"
is_sanitized "$BUILD/lib/libnodewatt.so" && skip "a library with a sanitizer is linked by nobody who has none"
put() {  # put DESTDIR PREFIX
  DESTDIR=$WORK/$1 cmake --install "$BUILD" --prefix "$2" >install.txt 2>&1 || { fail "cmake --install: $(tail -n 5 install.txt)"; finish; }
}
put usr /usr
INSTALLED=$WORK/usr/usr
there() { compgen -G "$INSTALLED/$1" >/dev/null || fail "not installed: $1"; }
for file in bin/nodewatt bin/nodewattd bin/nodewatt-event bin/nodewatt-append bin/nodewatt-sim libexec/nodewatt/nodewatt-ipmi include/nodewatt/nodewatt.h \
    include/nodewatt/nodewatt.hpp 'lib*/libnodewatt.so.1' 'lib*/libnodewatt.so' 'lib*/libnodewatt.a' 'lib*/libnodewatt-nvtx.so' 'lib*/pkgconfig/nodewatt.pc' \
    share/bash-completion/completions/nodewatt share/zsh/site-functions/_nodewatt share/fish/vendor_completions.d/nodewatt.fish \
    share/doc/nodewatt/deploy.md share/doc/nodewatt/README.md share/doc/nodewatt/LICENSE share/nodewatt/systemd/nodewattd.service \
    share/nodewatt/systemd/nodewatt-ipmi.service share/nodewatt/systemd/nodewatt-ipmi.socket share/nodewatt/systemd/sysusers.d/nodewatt.conf \
    share/nodewatt/systemd/tmpfiles.d/nodewatt.conf share/nodewatt/systemd/udev/70-nodewatt.rules share/nodewatt/slurm/prolog.sh; do
  there "$file"
done
grep -rlIF -e "$BUILD" "$INSTALLED" >named.txt && fail "paths of the build in: $(cat named.txt)"

# Programs, with nothing of the build in reach.
for program in nodewatt nodewattd nodewatt-sim; do
  [ -n "$(env -i "$INSTALLED/bin/$program" --version)" ] || fail "$program --version"
done
PATH=$INSTALLED/bin:/usr/bin:/bin
nodewatt run -q --json=run.json --nvtx -- true 2>err.txt || fail "nodewatt run: $(cat err.txt)"
grep -F "is not beside this program" err.txt && fail "NVTX's library is not found"
bash -c 'source "$1/share/bash-completion/completions/nodewatt"; complete -p nodewatt' bash "$INSTALLED" >complete.txt 2>&1 || fail "bash: $(cat complete.txt)"

# A program that is built against the library, as pkg-config says.
if command -v cc >/dev/null && command -v pkg-config >/dev/null; then
  export PKG_CONFIG_SYSROOT_DIR=$WORK/usr
  PKG_CONFIG_PATH=$(dirname "$(compgen -G "$INSTALLED/lib*/pkgconfig/nodewatt.pc" || compgen -G "$INSTALLED/lib/*/pkgconfig/nodewatt.pc")")
  export PKG_CONFIG_PATH PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
  printf '#include <nodewatt/nodewatt.h>\nint main(void) { nw_phase_end(nw_phase_begin("installed")); return 0; }\n' >program.c
  # shellcheck disable=SC2046
  cc program.c $(pkg-config --cflags --libs nodewatt) -o program 2>cc.txt || fail "cc: $(cat cc.txt)"
  LD_LIBRARY_PATH=$PKG_CONFIG_PATH/.. nodewatt run -q --json=program.json -- ./program || fail "the program"
  expect "its phase" "$(json program.json '[p["path"] for p in r["phases"]]')" "['installed']"
else
  echo "skipped: no cc or no pkg-config: no program was built against the library"
fi

# Units: of this prefix and of another, and what they start is there.
put opt /opt/nodewatt
for place in usr/usr opt/opt/nodewatt; do
  prefix=/${place#*/}
  for unit in nodewattd nodewatt-ipmi; do
    program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$place/share/nodewatt/systemd/$unit.service")
    case $program in "$prefix"/*) ;; *) fail "$unit of $prefix starts $program" ;; esac
    [ -x "${place%%/*}$program" ] || fail "$unit starts $program, which is not installed"
    document=$(sed -n 's/^Documentation=file://p' "$place/share/nodewatt/systemd/$unit.service")
    [ -r "${place%%/*}$document" ] || fail "$unit names $document, which is not installed"
  done
  for hook in prolog epilog; do
    [ -x "$place/share/nodewatt/slurm/$hook.sh" ] || fail "$hook of $prefix cannot be run"
    sh -n "$place/share/nodewatt/slurm/$hook.sh" || fail "$hook of $prefix is no script"
    grep -qF "NODEWATT_BIN:-$prefix/bin}" "$place/share/nodewatt/slurm/$hook.sh" || fail "$hook of $prefix looks elsewhere for the programs"
  done
done
[ $FAILED = 0 ] || finish
command -v systemd-analyze >/dev/null || skip "no systemd-analyze to verify the units with (package systemd)"
mkdir units
cp "$INSTALLED"/share/nodewatt/systemd/*.{service,socket} units/
sed -i "s|=/usr/|=$INSTALLED/|" units/*.service
for unit in nodewattd.service nodewatt-ipmi.service nodewatt-ipmi.socket; do
  said=$(systemd-analyze verify --man=no "units/$unit" 2>&1 | grep -F nodewatt) && fail "systemd-analyze verify: $said"
done
finish
