#!/bin/sh
# Reads files that this program writes with the tools that own their formats. Needs, beside the built program, Debian's python3-numpy,
# python3-h5py, python3-torch and hdf5-tools. Usage: tests/interop/read_ours.sh [PROGRAM]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-$here/../../artifacts/weightmem}
fixtures=$here/../WeightMem.Formats.Tests/fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for input in real-state.pt real-views.pt; do
    name=${input%.pt}
    "$program" convert "$fixtures/$input" "$work/$name.pt"
    "$program" convert "$fixtures/$input" "$work/$name.npz"
done
"$program" convert "$fixtures/real-state.pt" "$work/real-state.safetensors"
"$program" convert "$fixtures/real-state.pt" "$work/real-state.h5"
"$program" convert "$fixtures/real-state.pt" "$work/real-state.npy"
"$program" convert "$here/../WeightMem.Models.Tests/fixtures/gpt-set" "$work/population.h5"
"$program" convert "$fixtures/pyramid-ascii.ply" "$work/pyramid.npz"
h5dump "$work/population.h5" > "$work/population.txt"
grep -q 'DATASET "weights"' "$work/population.txt"
h5dump "$work/real-state.h5" > "$work/state.txt"
grep -q 'DATASET "fc.weight"' "$work/state.txt"
/usr/bin/python3 "$here/read_ours.py" "$work" "$fixtures"
