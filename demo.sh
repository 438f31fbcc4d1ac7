#!/usr/bin/env bash
# The whole loop in a few minutes on a laptop; `make demo` calls it after setting up.
#   BIN: where recto is; DEMO: the folder to work in; DOCUMENTS: how many to make.
set -euo pipefail
BIN="${BIN:-.venv/bin}" DEMO="${DEMO:-demo}" DOCUMENTS="${DOCUMENTS:-100}"
recto="$(realpath "$BIN")/recto" home="$DEMO/workspace"

say() { printf '\n== %s\n' "$*"; }

rm -rf "$DEMO/data" "$DEMO/read" "$DEMO/before.png" "$home"

say "1. $DOCUMENTS synthetic receipts and invoices, hard to read, with exact text: $DEMO/data"
"$recto" data synth "$DEMO/data" --hard --count "$DOCUMENTS" --seed 7

say "2. A workspace of your own, and the documents in it: $home"
"$recto" init "$home"
"$recto" add "$DEMO/data" --workspace "$home"
"$recto" status --workspace "$home"

page="$(find "$DEMO/data/test" -name 'receipt_*.jpg' | sort | sed -n 2p)"
say "3. One test document, as the base model reads it: $page"
"$recto" read "$page" --model base --format text --overlay --out "$DEMO/read"
cat "$DEMO"/read/*.txt && echo

say "4. One Cycle: measure, fine-tune on train, measure on unseen vendors, ask the gates, release"
"$recto" improve --workspace "$home"
"$recto" releases --workspace "$home"

say "5. The same document with the Release"
page="$(realpath "$page")"
(cd "$home" && "$recto" read "$page" --format text)

say "Done. Every page, diff and plot: $home/runs/0001/report.html; what is current: recto status --workspace $home"
