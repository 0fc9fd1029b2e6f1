#!/usr/bin/env python3
"""Writes Tests/LlamaTrainingTests/Fixtures/training.safetensors: losses, gradients and weights of a small Llama that PyTorch trains.

Needs `pip install torch safetensors` (written with torch 2.15). A model of 2 layers with grouped queries, plainly
written, in float32:

  weights.NAME     the weights to begin with, under Meta's names
  gradients.NAME   the gradient of the mean cross-entropy on the first batch
  batches          [10, batch, length + 1] token ids; inputs are all but the last, targets all but the first
  losses           [10] the loss of each step of AdamW with the settings below, before the step
  norms            [10] the norm of each step's gradient, before clipping
"""

import usage

usage.answer_help(__doc__)

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FIXTURE = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTrainingTests" / "Fixtures" / "training.safetensors"
DIM, LAYERS, HEADS, KV_HEADS, HIDDEN, VOCABULARY = 32, 2, 4, 2, 96, 40
BATCH, LENGTH, STEPS = 3, 24, 10
EPSILON, THETA = 1e-5, 10000.0
ADAMW = dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-8)
WEIGHT_DECAY, CLIP = 0.1, 1.0
HEAD_DIM = DIM // HEADS


def make_weights():
    torch.manual_seed(0)
    shapes = {"tok_embeddings.weight": (VOCABULARY, DIM), "norm.weight": (DIM,), "output.weight": (VOCABULARY, DIM)}
    for i in range(LAYERS):
        p = f"layers.{i}."
        shapes |= {p + "attention.wq.weight": (HEADS * HEAD_DIM, DIM), p + "attention.wk.weight": (KV_HEADS * HEAD_DIM, DIM),
                   p + "attention.wv.weight": (KV_HEADS * HEAD_DIM, DIM), p + "attention.wo.weight": (DIM, HEADS * HEAD_DIM),
                   p + "feed_forward.w1.weight": (HIDDEN, DIM), p + "feed_forward.w2.weight": (DIM, HIDDEN),
                   p + "feed_forward.w3.weight": (HIDDEN, DIM), p + "attention_norm.weight": (DIM,), p + "ffn_norm.weight": (DIM,)}
    weights = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape)
        weights[name] = 1 + 0.1 * noise if len(shape) == 1 else noise * shape[-1] ** -0.5
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * weight


def rotate(x):
    angles = torch.outer(torch.arange(LENGTH).float(), 1 / THETA ** (torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM))
    cos, sin = angles.cos()[None, :, None], angles.sin()[None, :, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def loss_of(w, batch):
    inputs, targets = batch[:, :-1], batch[:, 1:]
    x = w["tok_embeddings.weight"][inputs]
    for i in range(LAYERS):
        p = f"layers.{i}."
        h = norm(x, w[p + "attention_norm.weight"])
        q = rotate((h @ w[p + "attention.wq.weight"].T).view(BATCH, LENGTH, HEADS, HEAD_DIM))
        k = rotate((h @ w[p + "attention.wk.weight"].T).view(BATCH, LENGTH, KV_HEADS, HEAD_DIM))
        v = (h @ w[p + "attention.wv.weight"].T).view(BATCH, LENGTH, KV_HEADS, HEAD_DIM)
        k, v = (t.repeat_interleave(HEADS // KV_HEADS, 2) for t in (k, v))
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / HEAD_DIM ** 0.5
        scores = scores.masked_fill(torch.ones(LENGTH, LENGTH).triu(1).bool(), float("-inf"))
        heads = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), v).flatten(2)
        x = x + heads @ w[p + "attention.wo.weight"].T
        h = norm(x, w[p + "ffn_norm.weight"])
        x = x + (F.silu(h @ w[p + "feed_forward.w1.weight"].T) * (h @ w[p + "feed_forward.w3.weight"].T)) @ w[p + "feed_forward.w2.weight"].T
    logits = norm(x, w["norm.weight"]) @ w["output.weight"].T
    return F.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))


weights = make_weights()
torch.manual_seed(1)
batches = torch.randint(0, VOCABULARY, (STEPS, BATCH, LENGTH + 1))
out = {f"weights.{name}": weight.detach().clone() for name, weight in weights.items()}
optimizer = torch.optim.AdamW([
    dict(params=[w for w in weights.values() if w.dim() > 1], weight_decay=WEIGHT_DECAY),
    dict(params=[w for w in weights.values() if w.dim() == 1], weight_decay=0.0)], **ADAMW)
losses, norms = [], []
for step in range(STEPS):
    optimizer.zero_grad()
    loss = loss_of(weights, batches[step])
    loss.backward()
    if step == 0:
        out |= {f"gradients.{name}": weight.grad.clone() for name, weight in weights.items()}
    norms.append(torch.nn.utils.clip_grad_norm_(list(weights.values()), CLIP))
    losses.append(loss.detach())
    optimizer.step()
out |= {"batches": batches.int(), "losses": torch.stack(losses), "norms": torch.stack(norms)}
FIXTURE.parent.mkdir(parents=True, exist_ok=True)
save_file(out, FIXTURE)
print("losses", [f"{x:.4f}" for x in losses])
