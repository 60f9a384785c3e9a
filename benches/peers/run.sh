#!/usr/bin/env bash
# Measures Pullback against JAX, NumPy, torch and torch.compile: see README.md beside this file.
#
#   benches/peers/run.sh [--quick] [--only NAME] [--no-torch] [--threads 1|2] [--data DIR]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
scratch=$target/peers
venv=$scratch/venv

mkdir -p "$scratch"
wanted=$scratch/wanted.txt
cp "$here/requirements.txt" "$wanted"
for option in "$@"; do
    if [ "$option" = --no-torch ]; then
        grep -v '^torch' "$here/requirements.txt" >"$wanted"
    fi
done
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
# pip is asked only when the list has changed. torch, once there, stays.
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    "$venv/bin/python" -m pip install --quiet --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi

export PYTHONPYCACHEPREFIX=$scratch/pycache # no caches among the sources
cargo build --release --package pullback-peers --manifest-path "$root/Cargo.toml"
"$venv/bin/python" -m unittest discover --quiet --start-directory "$here/python"
exec "$venv/bin/python" "$here/python/driver.py" \
    --binary "$target/release/pullback-peers" --scratch "$scratch" "$@"
