"""A small Llama in torch over tensors with Meta's names and order of rows, and readers that give it those.

Shares nothing with the package: it is written after Meta's `llama/model.py`.
"""

import json
import math
from pathlib import Path

import torch

GGUF_NAMES = {
    "tok_embeddings": "token_embd", "norm": "output_norm", "output": "output", "attention.wq": "attn_q",
    "attention.wk": "attn_k", "attention.wv": "attn_v", "attention.wo": "attn_output", "feed_forward.w1": "ffn_gate",
    "feed_forward.w2": "ffn_down", "feed_forward.w3": "ffn_up", "attention_norm": "attn_norm", "ffn_norm": "ffn_norm"}
HF_NAMES = {
    "tok_embeddings": "model.embed_tokens", "norm": "model.norm", "output": "lm_head",
    "attention.wq": "self_attn.q_proj", "attention.wk": "self_attn.k_proj", "attention.wv": "self_attn.v_proj",
    "attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj", "attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def meta_names(layers: int) -> list[str]:
    """Meta's names without `.weight`, output last."""
    parts = [name for name in GGUF_NAMES if name not in ("tok_embeddings", "norm", "output")]
    return ["tok_embeddings", *(f"layers.{i}.{part}" for i in range(layers) for part in parts), "norm", "output"]


def renamed(name: str, names: dict[str, str], block: str) -> str:
    """A name of Meta's as another format has it."""
    if not name.startswith("layers."):
        return names[name] + ".weight"
    _, layer, part = name.split(".", 2)
    return f"{block}.{layer}.{names[part]}.weight"


def interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of q or k in Hugging Face's order, brought into Meta's."""
    rows, columns = weight.shape
    return weight.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def halved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of q or k in Meta's order, brought into Hugging Face's."""
    rows, columns = weight.shape
    return weight.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def load_meta(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """`params.json` and the tensors of a folder of Meta's, its shards put together."""
    from safetensors.torch import load_file
    parameters = json.loads((folder / "params.json").read_text())
    files = sorted(folder.glob("consolidated*.pth")) or sorted(folder.glob("consolidated*.safetensors"))
    shards = [torch.load(file, weights_only=True) if file.suffix == ".pth" else load_file(file) for file in files]
    tensors = {}
    for name in shards[0]:
        parts = [shard[name] for shard in shards]
        if len(parts) == 1 or parts[0].ndim < 2:
            tensors[name] = parts[0]
        elif name == "tok_embeddings.weight":
            tensors[name] = torch.cat(parts, 1 if parts[0].shape[0] == parameters["vocab_size"] else 0)
        else:
            tensors[name] = torch.cat(parts, 1 if name.endswith(("wo.weight", "w2.weight")) else 0)
    tensors.pop("rope.freqs", None)
    return parameters, {name.removesuffix(".weight"): tensor for name, tensor in tensors.items()}


def load_hugging_face(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """`config.json` and the tensors of a folder of Hugging Face's, in Meta's names and order of rows."""
    from safetensors.torch import load_file
    config = json.loads((folder / "config.json").read_text())
    named = {}
    for file in sorted(folder.glob("model*.safetensors")):
        named |= load_file(file)
    return config, from_hugging_face(named, config)


def from_hugging_face(named: dict, config: dict) -> dict[str, torch.Tensor]:
    heads = {"attention.wq": config["num_attention_heads"], "attention.wk": config["num_key_value_heads"]}
    tensors = {}
    for name in meta_names(config["num_hidden_layers"]):
        other = renamed(name, HF_NAMES, "model.layers")
        if name == "output" and other not in named:
            tensors[name] = tensors["tok_embeddings"]
            continue
        rotated = next((heads[part] for part in heads if name.endswith(part)), None)
        tensors[name] = interleaved(named[other], rotated) if rotated else named[other]
    return tensors


def load(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    return load_meta(folder) if (folder / "params.json").exists() else load_hugging_face(folder)


def frequencies(parameters: dict, head_dim: int) -> torch.Tensor:
    """Radians per position `[head_dim / 2]`, with Llama 3.1's scaling where it is asked for."""
    theta = parameters.get("rope_theta", 10000.0)
    result = 1.0 / theta ** (torch.arange(0, head_dim, 2).float() / head_dim)
    if not parameters.get("use_scaled_rope"):
        return result
    factor, low, length = parameters.get("rope_scaling_factor", 8), 1, 8192
    high = parameters.get("rope_high_freq_factor", 4)
    scaled = []
    for frequency in result.tolist():
        wavelength = 2 * math.pi / frequency
        smooth = min(1.0, max(0.0, (length / wavelength - low) / (high - low)))
        scaled.append((1 - smooth) * frequency / factor + smooth * frequency)
    return torch.tensor(scaled)


@torch.no_grad()
def meta_logits(parameters: dict, tensors: dict[str, torch.Tensor], ids: list[int]) -> torch.Tensor:
    """Logits `[tokens, vocabulary]` in float32 by Meta's model: neighbors are rotated."""
    w = {name: tensor.float() for name, tensor in tensors.items()}
    heads, epsilon = parameters["n_heads"], parameters["norm_eps"]
    kv_heads = parameters.get("n_kv_heads") or heads
    head_dim = w["layers.0.attention.wq"].shape[0] // heads

    def norm(x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * weight

    angles = torch.outer(torch.arange(len(ids)).float(), frequencies(parameters, head_dim))
    turn = torch.polar(torch.ones_like(angles), angles)[:, None]

    def rotated(x):
        return torch.view_as_real(torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) * turn).flatten(-2)

    x = w["tok_embeddings"][torch.tensor(ids)]
    mask = torch.full((len(ids), len(ids)), -math.inf).triu(1)
    for i in range(parameters["n_layers"]):
        layer = {name.removeprefix(f"layers.{i}."): t for name, t in w.items() if name.startswith(f"layers.{i}.")}
        h = norm(x, layer["attention_norm"])
        q = rotated((h @ layer["attention.wq"].T).view(len(ids), heads, head_dim))
        k = rotated((h @ layer["attention.wk"].T).view(len(ids), kv_heads, head_dim))
        v = (h @ layer["attention.wv"].T).view(len(ids), kv_heads, head_dim)
        k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(head_dim) + mask
        x = x + torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).flatten(1) @ layer["attention.wo"].T
        h = norm(x, layer["ffn_norm"])
        gate = torch.nn.functional.silu(h @ layer["feed_forward.w1"].T)
        x = x + (gate * (h @ layer["feed_forward.w3"].T)) @ layer["feed_forward.w2"].T
    return norm(x, w["norm"]) @ w["output"].T


@torch.no_grad()
def hugging_face_logits(folder: Path, ids: list[int]) -> torch.Tensor:
    """Logits by transformers, computed in float32."""
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model(torch.tensor([ids])).logits[0].float()


def logits(folder: Path, ids: list[int]) -> torch.Tensor:
    """Logits of a checkpoint as its own makers' code computes them."""
    if (folder / "params.json").exists():
        return meta_logits(*load_meta(folder), ids)
    return hugging_face_logits(folder, ids)


def greedy(folder: Path, ids: list[int], count: int) -> list[int]:
    """The likeliest continuation."""
    ids, start = list(ids), len(ids)
    if (folder / "params.json").exists():
        model = load_meta(folder)
        step = lambda: meta_logits(*model, ids)
    else:
        step = lambda: hugging_face_logits(folder, ids)
    for _ in range(count):
        ids.append(int(step()[-1].argmax()))
    return ids[start:]


def make_meta(folder: Path, *, seed: int, vocabulary: int = 512, dtype=torch.float32, dim: int = 64, layers: int = 2,
              heads: int = 4, kv_heads: int = 2, multiple_of: int = 64, tokenizer: Path | None = None, **extra):
    """Writes a random checkpoint in Meta's format with torch.save."""
    folder.mkdir(parents=True)
    hidden = multiple_of * -(-int(2 * 4 * dim / 3) // multiple_of)
    random = torch.Generator().manual_seed(seed)

    def matrix(rows, columns):
        return (torch.randn(rows, columns, generator=random) / math.sqrt(columns)).to(dtype)

    shapes = {"attention.wq": (dim, dim), "attention.wk": (dim // heads * kv_heads, dim),
              "attention.wv": (dim // heads * kv_heads, dim), "attention.wo": (dim, dim),
              "feed_forward.w1": (hidden, dim), "feed_forward.w2": (dim, hidden), "feed_forward.w3": (hidden, dim),
              "tok_embeddings": (vocabulary, dim), "output": (vocabulary, dim)}
    tensors = {}
    for name in meta_names(layers):
        shape = shapes.get(name.split(".", 2)[2] if name.startswith("layers.") else name)
        tensors[name + ".weight"] = (matrix(*shape) if shape
                                     else (1 + 0.1 * torch.randn(dim, generator=random)).to(dtype))
    torch.save(tensors, folder / "consolidated.00.pth")
    parameters = {"dim": dim, "n_layers": layers, "n_heads": heads, "n_kv_heads": kv_heads, "vocab_size": vocabulary,
                  "multiple_of": multiple_of, "norm_eps": 1e-5, **extra}
    (folder / "params.json").write_text(json.dumps(parameters))
    if tokenizer:
        (folder / "tokenizer.model").write_bytes(tokenizer.read_bytes())
    return folder
