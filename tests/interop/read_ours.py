"""Compares files that this program wrote, read by NumPy, h5py and PyTorch, with the numbers that went in. See read_ours.sh."""
import json
import struct
import sys

import h5py
import numpy as np
import torch

work, fixtures = sys.argv[1:]
checked = 0


def same(name, got, expected):
    global checked
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{name}: {got.shape} is not {expected.shape}"
    assert got.tobytes() == expected.tobytes() or np.array_equal(got, expected), f"{name}: other numbers"
    checked += 1


for base in ("real-state", "real-views"):
    expected = np.load(f"{fixtures}/{base}.expected.npz")
    state = torch.load(f"{work}/{base}.pt", weights_only=True)
    assert list(state) == list(expected), f"{base}.pt: other names"
    for name, tensor in state.items():
        same(f"{base}.pt {name}", (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(), expected[name])
    arrays = np.load(f"{work}/{base}.npz")
    for name in expected:
        same(f"{base}.npz {name}", arrays[name], expected[name])

expected = np.load(f"{fixtures}/real-state.expected.npz")
module = torch.nn.Sequential()
module.add_module("conv", torch.nn.Conv2d(1, 2, 2))
module.add_module("norm", torch.nn.BatchNorm2d(2))
module.add_module("fc", torch.nn.Linear(3, 2))
module.load_state_dict(torch.load(f"{work}/real-state.pt", weights_only=True))
same("load_state_dict", module.fc.weight.detach().numpy(), expected["fc.weight"])

with h5py.File(f"{work}/real-state.h5") as file:
    for name in expected:
        same(f"real-state.h5 {name}", file[name][()].reshape(expected[name].shape), expected[name])

# The layout of safetensors is a length, a JSON header, the bytes.
data = open(f"{work}/real-state.safetensors", "rb").read()
size, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + size])
types = {"F32": "<f4", "I64": "<i8"}
for name in expected:
    entry = header[name]
    start, end = entry["data_offsets"]
    same(f"real-state.safetensors {name}", np.frombuffer(data[8 + size + start:8 + size + end], types[entry["dtype"]]).reshape(entry["shape"]), expected[name])

floats = [expected[n].reshape(-1) for n in expected if expected[n].dtype == np.float32]
same("real-state.npy", np.load(f"{work}/real-state.npy"), np.concatenate(floats)[None])
with h5py.File(f"{work}/population.h5") as file:
    assert file.attrs["format"] == "weightmem-population" and file["weights"].shape == (16, 23), "population.h5"
    checked += 1
same("pyramid.npz", np.load(f"{work}/pyramid.npz")["triangles"].shape[1], 3)
print(f"{checked} arrays read back equal by NumPy {np.__version__}, h5py {h5py.__version__}, PyTorch {torch.__version__}")
