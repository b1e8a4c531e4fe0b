#!/usr/bin/env bash
# tools/check_words passes on this tree; it finds a word that was given up in a printed text and on a page, with file and line, and leaves
# comments, tests and names of C++ alone.
set -euo pipefail
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
"$tools/check_words" >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/src/report "$work"/sim "$work"/docs
said() { "$tools/check_words" "$work" 2>&1 || true; }
holds() { grep -qF -- "$1" <<<"$(said)" || { echo "FAIL: it does not say '$1': $(said)"; exit 1; }; }

# Not printed: a comment, a name, a test's text.
printf '// the doubt of "PLAYED" figures\nint doubt(int mends);  // "one sigma"\n' >"$work/src/report/a.cc"
echo 'EXPECT_EQ(text, "at the plug");' >"$work/src/report/a_test.cc"
echo 'A page about redoubts.' >"$work/docs/a.md"
holds "check_words: users read one word for one thing"

echo 'key("Largest doubts");' >>"$work/src/report/a.cc"
holds 'src/report/a.cc:3:"Largest doubts"'
echo 'of a played machine, by use/1' >"$work/docs/b.md"
holds 'say "simulated" in place of:'
holds 'docs/b.md:1:'
holds 'say "usage-based/1, reservation-based/1"'
echo "ok: check_words"
