#!/usr/bin/env python3
"""Times what PyTorch does on the same GPU at the sizes of `weightmem bench kernels`, and joins both into one table.

Usage: gpu_torch.py BENCH.json OUT.md    (BENCH.json from `weightmem bench kernels --device cuda --json`)
Eager mode, float32 without TF32, as the engine's default. Median of nine measurements by CUDA events, each of enough launches.
"""
import json
import math
import statistics
import sys

import torch
import torch.nn.functional as F

DEVICE = "cuda"
SIZES = {"gpt small": (32, 38, 128, 4, 1_000_000), "gpt paper": (32, 38, 1536, 16, 28_300_000)}


def seconds(work):
    def once(launches):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(launches):
            work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3 / launches

    once(3)
    launches = max(1, min(1000, math.ceil(2e-3 / max(once(1), 1e-7))))
    return statistics.median(once(launches) for _ in range(9))


def attention(qkv, heads):
    batch, tokens, width = qkv.shape
    k, q, v = (part.reshape(batch, tokens, heads, -1).transpose(1, 2) for part in qkv.split(width // 3, dim=2))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width // 3)


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.first, self.second = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.out = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.out(attention(self.qkv(self.first(x)), self.heads))
        return x + self.down(F.gelu(self.up(self.second(x))))


def rows(name, batch, tokens, width, heads, parameters):
    """Pairs of a row's name in `bench kernels` (kernel, size) and the work."""
    n = batch * tokens
    x, g = torch.randn(n, width, device=DEVICE), torch.randn(n, width, device=DEVICE)
    wide = torch.randn(n, 4 * width, device=DEVICE)
    up, down = torch.randn(width, 4 * width, device=DEVICE), torch.randn(4 * width, width, device=DEVICE)
    gamma, beta = torch.randn(width, device=DEVICE), torch.randn(width, device=DEVICE)
    qkv = torch.randn(batch, tokens, 3 * width, device=DEVICE)
    slope = torch.randn(batch, tokens, width, device=DEVICE)
    yield ("Add", name), lambda: x + g
    yield ("ActivationForward", name), lambda: F.gelu(wide)
    yield ("SoftmaxForward", name), lambda: torch.softmax(x, 1)
    yield ("LayerNormForward", name), lambda: F.layer_norm(x, (width,), gamma, beta)
    yield ("SumRows", name), lambda: x.sum(0)
    yield ("Gemm up", name), lambda: x @ up
    yield ("Gemm down", name), lambda: wide @ down
    yield ("AttentionForward", name), lambda: attention(qkv, heads)
    leaf = qkv.clone().requires_grad_()

    def both():
        leaf.grad = None
        attention(leaf, heads).backward(slope)

    yield ("AttentionBackward and forward", name), both
    weights = torch.nn.Parameter(torch.randn(parameters, device=DEVICE))
    weights.grad = torch.randn(parameters, device=DEVICE)
    adam = torch.optim.AdamW([weights], lr=1e-4, weight_decay=0.1, fused=True)
    yield ("Adam", f"{name}, {parameters} values"), adam.step  # without the clipping and the moving average that ours does in the same pass
    model = torch.nn.Sequential(*[Block(width, heads) for _ in range(4 if width < 1000 else 12)]).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    tokensIn, target = torch.randn(batch, tokens, width, device=DEVICE), torch.randn(batch, tokens, width, device=DEVICE)

    def train():
        optimizer.zero_grad(set_to_none=True)
        F.mse_loss(model(tokensIn), target).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    @torch.no_grad()
    def denoise():
        model(tokensIn)

    yield ("G.pt blocks: training step", name), train
    yield ("G.pt blocks: denoising step", name), denoise


def populations():
    a, b = torch.randn(2000, 7960, device=DEVICE), torch.randn(2000, 7960, device=DEVICE)
    yield ("NearestRows", "2,000 x 2,000 mlps"), lambda: torch.cdist(a, b).min(1)
    one, two = torch.rand(2000, 157 * 64, device=DEVICE) < 0.25, torch.rand(2000, 157 * 64, device=DEVICE) < 0.25

    def iou():
        both = one.float() @ two.float().T
        return (both / (one.sum(1)[:, None] + two.sum(1)[None, :] - both).clamp(min=1)).max(1)

    yield ("MostSimilarMasks", "2,000 x 2,000 masks of 10,000"), iou
    nets = [tuple(torch.randn(s, device=DEVICE) for s in ((10, 784), (10,), (10, 10), (10,))) for _ in range(512)]
    images, labels = torch.randn(10_000, 784, device=DEVICE), torch.randint(10, (10_000,), device=DEVICE)

    def judge():
        for w1, b1, w2, b2 in nets:
            F.linear(torch.relu(F.linear(images, w1, b1)), w2, b2).argmax(1) != labels

    yield ("PopulationMlp", "512 mlps, 10,000 images"), judge  # one by one, as published code does


def main():
    if not torch.cuda.is_available():
        raise SystemExit("gpu_torch: this PyTorch has no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    with open(sys.argv[1]) as file:
        bench = json.load(file)
    ours = {(r["kernel"], r["size"]): r["warm"]["medianSeconds"] for r in bench["rows"] if r["version"] == "ships" and r["warm"]}
    lines = [f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}, eager, float32 without TF32.", "",
             "| kernel | size | ours us | PyTorch us | ours / PyTorch |", "|---|---|---|---|---|"]
    for work in [*(row for name, sizes in SIZES.items() for row in rows(name, *sizes)), *populations()]:
        (kernel, size), launch = work
        theirs, mine = seconds(launch), ours.get((kernel, size))
        lines.append(f"| {kernel} | {size} | {'' if mine is None else f'{mine * 1e6:.1f}'} | {theirs * 1e6:.1f} | {'' if mine is None else f'{mine / theirs:.2f}'} |")
    with open(sys.argv[2], "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
