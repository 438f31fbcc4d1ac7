#!/usr/bin/env bash
# A vision-language model fine-tuned end to end, in small; `make smoke` calls it after setting up. It takes a
# minute or two. The model is tiny and random, so what it reads means nothing: this shows that every part runs.
#   BIN: where recto is; SMOKE: the folder to work in.
set -euo pipefail
BIN="${BIN:-.venv/bin}" SMOKE="${SMOKE:-smoke}"
recto="$(realpath "$BIN")/recto"

say() { printf '\n== %s\n' "$*"; }

rm -rf "$SMOKE"
mkdir -p "$SMOKE"
export RECTO_MODELS="$(realpath "$SMOKE")/models"

say "1. What is here, and does it work"
"$recto" doctor

say "2. A tiny model of DeepSeek-OCR-2's architecture: $RECTO_MODELS"
"$recto" models tiny
"$recto" models list

say "3. A few synthetic receipts with exact text: $SMOKE/data"
"$recto" data synth "$SMOKE/data" --kind receipt --count 12 --seed 3

say "4. A few steps of fine-tuning, by the recipe that CI trains: $SMOKE/run"
"$recto" train "$SMOKE/data" --out "$SMOKE/run" --recipe recipes/deepseek-ocr-tiny-cpu.yaml --epochs 40

say "5. A page read with what was learnt (32 tokens of it): $SMOKE/read"
page="$(find "$SMOKE/data/test" -type f -name '*.jpg' | sort | head -n 1)"
printf '[vlm]\nmax_new_tokens = 32\nretry_temperatures = []\n' > "$SMOKE/recto.toml"
"$recto" read "$page" --model "$SMOKE/run/model" --workspace "$SMOKE" --format json --out "$SMOKE/read"
ls "$SMOKE/read"

say "Done: everything that a fine-tuning needs runs here"
