#!/usr/bin/env bash
# The LaTeX forms, compiled by pdflatex: of ordinary, played and hostile runs; and what the reader of the PDF sees.
. "$(dirname "$0")/lib.sh"
command -v pdflatex >/dev/null || skip "no pdflatex (tools/deps packages-latex.txt)"
siunitx=$(kpsewhich siunitx.sty)
grep -qE 'ProvidesExplPackage *\{siunitx\} *\{[-0-9]*\} *\{3\.' "${siunitx:-/dev/null}" || skip "no siunitx of version 3 (tools/deps packages-latex.txt)"
SIM=$BIN/nodewatt-sim
export LC_ALL=C.UTF-8

document() {  # document NAME: NAME.pdf of a document that holds NAME-body.tex and nothing else of ours
  local name=$1
  printf '%s\n' '\documentclass{article}' '\usepackage[paperwidth=60in,margin=1in]{geometry}' '\usepackage{booktabs,siunitx}' '\begin{document}\hfuzz=1pt' \
    "\\input{$name-body}" '\end{document}' >"$name.tex"
  pdflatex -halt-on-error -interaction=nonstopmode -no-shell-escape "$name.tex" >"$name.out" 2>&1 || { fail "$name does not compile:"; grep -A5 '^!' "$name.out" >&2; return; }
  grep -E 'Missing character|Overfull|Underfull' "$name.out" >&2 && fail "$name: warnings"
  command -v pdftotext >/dev/null && pdftotext -layout "$name.pdf" - | tr -s ' \n\f' ' ' | sed 's/ *± */ ± /g' >"$name.txt"
}
compile() {  # compile NAME FORM ID...
  local name=$1 form=$2; shift 2
  "$NODEWATT" report "$@" --format "$form" -o "$name-body.tex" || { fail "$name: report"; return; }
  document "$name"
}
sees() { ! command -v pdftotext >/dev/null || expect_in "$1, as it is read" "$1.txt" "$2"; }

"$NODEWATT" run -q --name "plain run" --repeat 3 --phase-regex 'train=^go' --work-regex 'sample=^(\d+) samples' -- sh -c 'echo go; sleep 0.1; echo 64 samples' >/dev/null
compile plain latex --query "name=plain*"; sees plain "plain run"
compile plain_neurips neurips --query "name=plain*"; sees plain_neurips "All computations behind these results (3 runs, of them 0 failed"

# Names, and what a reader must see of each. None may become a command, a comment or an alignment.
names=('\input{/etc/passwd}' '50% of $x_1^2$ & {a} #1 ~b' '\end{tabular} \write18{touch owned}' '[2em] <b> |x| --- ,, ?`' $'\xe6\xb8\xac\xe5\xae\x9a caf\xc3\xa9 \xf0\x9f\x94\xa5' '^^5cundefined' '}}}{{{' '\\\\')
shown=('\input{/etc/passwd}' '50% of $x' '\end{tabular} \write18{touch owned}' '[2em] <b> |x| ---' '[U+6E2C][U+5B9A] caf' '5cundefined' '}}}{{{' '\\\\')
ids=()
for i in "${!names[@]}"; do
  "$NODEWATT" run -q --json=r.json --name "${names[i]}" --label "a&b=%" -- true; ids+=("$(json r.json 'r["id"]')")
done
compile hostile latex "${ids[@]}"; compile hostile_neurips neurips "${ids[@]}"
for i in "${!names[@]}"; do sees hostile "${shown[i]}"; sees hostile_neurips "${shown[i]}"; done
[ ! -e owned ] || fail "a name ran a command"
"$NODEWATT" run -q --name "$(head -c 100000 /dev/zero | tr '\0' '\\')" -- true; compile long latex last
"$NODEWATT" run -q --phase-regex 'a$1=^(.*)$' --work-regex '%&_{}=^(\d+)$' -- sh -c 'echo "\\phase{%}"; sleep 0.3; echo 12' >/dev/null; compile phase latex last; sees phase '\phase{%}'

# Of a played node: figures with intervals, the word that nothing of it is real, and the digits of the other forms.
"$SIM" tape hgx_h100 --workload training --duration 20s -o one.tape 2>/dev/null || fail "tape"
"$NODEWATT" replay one.tape --keep --name "train" --phase train --work 3000 sample -f json >r.json || fail "replay"
ID=$(json r.json 'r["id"]')
compile played latex $ID; sees played "train (SIMULATED)"
compile played_neurips neurips $ID; sees played_neurips "train (SIMULATED)"
sees played "$("$NODEWATT" report $ID --format sentence | sed -nE '1s/.* used ([0-9.]+) ± ([0-9.]+) .*/\1 ± \2/p')"
"$NODEWATT" compare $ID "${ids[0]}" --format latex -o compare-body.tex || fail "compare"
document compare; sees compare "train (SIMULATED)"; expect_in "why there is no ranking" compare-body.tex "% Comparable? cannot rank"
finish
