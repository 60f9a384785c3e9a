#!/usr/bin/env bash
# Measures Pullback against JAX, NumPy, torch and torch.compile: see README.md beside this file.
#
#   benches/peers/run.sh [--quick] [--only NAME] [--no-torch] [--threads 1|2] [--data DIR]
set -euo pipefail
cd "$(dirname "$0")/../.."
here=benches/peers
target=${CARGO_TARGET_DIR:-target}
scratch=$target/peers
venv=$scratch/venv

mkdir -p "$scratch"
wanted=$scratch/wanted.txt
cp $here/requirements.txt "$wanted"
for option in "$@"; do
    if [ "$option" = --no-torch ]; then
        grep -v '^torch' $here/requirements.txt >"$wanted"
    fi
done
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
# pip itself is asked only when the list has changed. torch, once there, stays.
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    "$venv/bin/python" -m pip install --quiet --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi

cargo build --release --package pullback-peers
"$venv/bin/python" -m unittest discover --quiet --start-directory $here/python
exec "$venv/bin/python" $here/python/driver.py \
    --binary "$target/release/pullback-peers" --scratch "$scratch" "$@"
