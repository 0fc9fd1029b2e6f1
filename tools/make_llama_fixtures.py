#!/usr/bin/env python3
"""Writes the checkpoints of Tests/LlamaTestSupport/Fixtures/Checkpoints and what transformers computes with them.

Needs `pip install torch transformers safetensors` (written with torch 2.15, transformers 5). The weights are
random; expected.safetensors holds input_ids [T], logits [T, vocabulary] (fp32, weights upcast) and greedy_ids
(T prompt ids and 16 greedy ones).

  meta-2shards-f16   Meta names and layout, grouped queries, two model-parallel shards
  hf-biased-bf16     Hugging Face, biases everywhere, head_dim that is not dim / heads, llama3 RoPE, two files
  hf-tied-f32        Hugging Face, tied embeddings, linear RoPE in the newer spelling
"""

import usage

usage.answer_help(__doc__)

import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Checkpoints"
SHAPE = dict(vocab_size=96, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=128)
META_NAMES = {"self_attn.q_proj": "attention.wq", "self_attn.k_proj": "attention.wk", "self_attn.v_proj": "attention.wv",
              "self_attn.o_proj": "attention.wo", "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2",
              "mlp.up_proj": "feed_forward.w3", "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
              "model.embed_tokens": "tok_embeddings", "model.norm": "norm", "lm_head": "output", "model.layers": "layers"}


def random_model(seed, dtype, **extra):
    """A model whose weights are random, and exactly representable in `dtype`."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(**SHAPE, **extra)).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            scale = 0.5 if weight.dim() == 1 else weight.shape[-1] ** -0.5
            offset = 1.0 if "norm" in name else 0.0
            weight.copy_((offset + scale * torch.randn_like(weight)).to(dtype).float())
    return model


def write_expected(model, folder):
    ids = torch.randint(3, SHAPE["vocab_size"], (20,))
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
        greedy = ids.tolist()
        for _ in range(16):
            greedy.append(model(torch.tensor([greedy])).logits[0, -1].argmax().item())
    save_file({"input_ids": ids.int(), "logits": logits.float().contiguous(),
               "greedy_ids": torch.tensor(greedy).int()}, folder / "expected.safetensors")


def weights(model, dtype, tied):
    return {name: value.to(dtype).contiguous() for name, value in model.state_dict().items()
            if not (tied and name == "lm_head.weight")}


def write_hugging_face(name, model, dtype, config, files=1, tied=False):
    folder = FIXTURES / name
    folder.mkdir(parents=True)
    tensors = weights(model, dtype, tied)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", **SHAPE, **config}, indent=1))
    if files == 1:
        save_file(tensors, folder / "model.safetensors")
    else:
        names, where = sorted(tensors), {}
        for part in range(files):
            file = f"model-{part + 1:05d}-of-{files:05d}.safetensors"
            mine = names[part::files]
            save_file({n: tensors[n] for n in mine}, folder / file)
            where |= {n: file for n in mine}
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}, indent=1))
    write_expected(model, folder)


def to_meta(name, tensor):
    for old, new in META_NAMES.items():
        name = name.replace(old, new)
    heads = {"wq": SHAPE["num_attention_heads"], "wk": SHAPE["num_key_value_heads"]}.get(name.split(".")[-2])
    if heads:  # undo the row order that Hugging Face gives q and k
        rows, columns = tensor.shape
        tensor = tensor.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)
    return name, tensor


def write_meta(name, model, dtype, shards):
    folder = FIXTURES / name
    folder.mkdir(parents=True)
    whole = dict(to_meta(n, t) for n, t in weights(model, dtype, tied=False).items())
    for shard in range(shards):
        part = {}
        for n, tensor in whole.items():
            kind = n.split(".")[-2]
            cut = 0 if kind in ("wq", "wk", "wv", "w1", "w3", "output") else 1 if kind in ("wo", "w2", "tok_embeddings") else None
            part[n] = tensor if cut is None else tensor.chunk(shards, cut)[shard].clone()
        part["rope.freqs"] = torch.ones(4, dtype=dtype)
        torch.save(part, folder / f"consolidated.{shard:02d}.pth")
    params = dict(dim=32, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=-1, multiple_of=32, norm_eps=1e-5)
    (folder / "params.json").write_text(json.dumps(params))
    write_expected(model, folder)


if FIXTURES.exists():
    shutil.rmtree(FIXTURES)
write_meta("meta-2shards-f16", random_model(1, torch.float16), torch.float16, shards=2)
llama3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
biased = dict(attention_bias=True, mlp_bias=True, head_dim=16)
write_hugging_face("hf-biased-bf16", random_model(2, torch.bfloat16, rope_parameters=llama3, **biased), torch.bfloat16,
                   dict(rope_theta=500000.0, rope_scaling={k: v for k, v in llama3.items() if k != "rope_theta"}, **biased), files=2)
linear = dict(rope_type="linear", rope_theta=10000.0, factor=2.0)
write_hugging_face("hf-tied-f32", random_model(3, torch.float32, rope_parameters=linear, tie_word_embeddings=True), torch.float32,
                   dict(rope_parameters=linear, tie_word_embeddings=True), tied=True)
