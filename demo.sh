#!/usr/bin/env bash
# The whole job in a few minutes on a laptop; `make demo` calls it after setting up.
#   BIN: where recto is; DEMO: the folder to work in; DOCUMENTS: how many to make.
set -euo pipefail
BIN="${BIN:-.venv/bin}" DEMO="${DEMO:-demo}" DOCUMENTS="${DOCUMENTS:-80}"

say() { printf '\n== %s\n' "$*"; }

rm -rf "$DEMO/data" "$DEMO/run" "$DEMO/read"

say "1. $DOCUMENTS synthetic receipts and invoices, hard to read: $DEMO/data"
"$BIN/recto" data synth "$DEMO/data" --count "$DOCUMENTS" --seed 7 --hard

page="$(find "$DEMO/data/test" -name 'receipt_*.jpg' | sort | sed -n 2p)"
say "2. One of them, as the base model reads it: $page"
"$BIN/recto" read "$page" --format text --overlay --out "$DEMO/read"
cat "$DEMO"/read/*.txt && echo

say "3. Measure, fine-tune on the train split, measure again (vendors in test are never seen in training)"
"$BIN/recto" improve "$DEMO/data" --out "$DEMO/run"

say "4. The same page with the new model"
"$BIN/recto" read "$page" --format text --model "$DEMO/run/model"

say "Done. The report with every page, diff and plot: $DEMO/run/report.html"
