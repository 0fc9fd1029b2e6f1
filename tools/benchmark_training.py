#!/usr/bin/env python3
r"""Times llama-train against PyTorch on the toy shape, in interleaved runs: tools/benchmark_training.py DATA [RUNS]

Needs `pip install torch` and a release build (`swift build -c release`). Both train a Llama of dim 192, 6 layers,
6 heads, 3 kv heads and hidden 512 on batches of 10 times 256 tokens with 2 threads, PyTorch eagerly in float32.
Prints the variables that change what is measured, each run's tokens/s, the medians and their ratio. On a processor with
AVX-512, both use AVX2 alone with

    LLAMA_KERNELS=avx2 OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
        ONEDNN_MAX_CPU_ISA=AVX2 tools/benchmark_training.py DATA
"""

import usage

usage.answer_help(__doc__)

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = 60

TORCH = f"""
import sys, time, torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(0); torch.set_num_threads(2)
D, L, H, K, M, T, B = 192, 6, 6, 3, 512, 256, 10
text = open(sys.argv[1], encoding="utf-8").read(); ids = {{c: i for i, c in enumerate(sorted(set(text)))}}; V = len(ids) + 4
data = torch.tensor([ids[c] for c in text]); data = data[:len(data) * 8 // 10]; E = D // H
angles = torch.outer(torch.arange(T).float(), 1 / 10000 ** (torch.arange(0, E, 2).float() / E))
cos, sin = angles.cos()[None, :, None], angles.sin()[None, :, None]
def rope(x):
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)
class Norm(nn.Module):
    def __init__(s): super().__init__(); s.w = nn.Parameter(torch.ones(D))
    def forward(s, x): return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * s.w
def lin(i, o): return nn.Linear(i, o, bias=False)
class Block(nn.Module):
    def __init__(s):
        super().__init__(); s.q, s.k, s.v, s.o = lin(D, D), lin(D, K * E), lin(D, K * E), lin(D, D)
        s.w1, s.w2, s.w3, s.n1, s.n2 = lin(D, M), lin(M, D), lin(D, M), Norm(), Norm()
    def forward(s, x):
        h = s.n1(x); q, k, v = (w(h).view(B, T, -1, E) for w in (s.q, s.k, s.v)); q, k = rope(q), rope(k)
        k, v = (t.repeat_interleave(H // K, 2) for t in (k, v))
        a = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)), is_causal=True)
        x = x + s.o(a.transpose(1, 2).reshape(B, T, D)); h = s.n2(x)
        return x + s.w2(F.silu(s.w1(h)) * s.w3(h))
class Llama(nn.Module):
    def __init__(s):
        super().__init__(); s.e = nn.Embedding(V, D); s.b = nn.ModuleList(Block() for _ in range(L)); s.n, s.h = Norm(), lin(D, V)
    def forward(s, x, y):
        h = s.e(x)
        for b in s.b: h = b(h)
        return F.cross_entropy(s.h(s.n(h)).view(-1, V), y.view(-1))
model = Llama(); optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for step in range({STEPS}):
    if step == 5: start = time.time()
    at = torch.randint(0, len(data) - T - 1, (B,)); x = torch.stack([data[i:i + T] for i in at]); y = torch.stack([data[i + 1:i + T + 1] for i in at])
    loss = model(x, y); optimizer.zero_grad(set_to_none=True); loss.backward(); torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()
print("tokens/s", int(({STEPS} - 5) * B * T / (time.time() - start)))
"""


def run_torch(data):
    out = subprocess.run([sys.executable, "-c", TORCH, data], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"tokens/s (\d+)", out)[1])


def run_ours(data):
    with tempfile.TemporaryDirectory() as folder:
        command = [ROOT / ".build/release/llama-train", "--data", data, "--output", folder, "--steps", str(STEPS),
                   "--eval-interval", str(STEPS), "--eval-batches", "1", "--threads", "2", "--verbose"]
        log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return int(re.findall(r"(\d+) tokens/s", log)[-1])


data, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
variables = [f"{name}={value}" for name, value in sorted(os.environ.items())
             if name.startswith(("ATEN_", "DNNL_", "LLAMA_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_"))]
print("environment: " + (", ".join(variables) or "no such variables"))
ours, theirs = [], []
for run in range(runs):
    ours.append(run_ours(data))
    theirs.append(run_torch(data))
    print(f"run {run + 1}: llama-train {ours[-1]}, PyTorch {theirs[-1]} tokens/s, ratio {ours[-1] / theirs[-1]:.2f}", flush=True)
ratios = [a / b for a, b in zip(ours, theirs)]
print(f"medians: llama-train {statistics.median(ours):.0f}, PyTorch {statistics.median(theirs):.0f} tokens/s, "
      f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
