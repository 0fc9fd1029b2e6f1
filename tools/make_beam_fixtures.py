#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Decoding/generated_beams.json: beam searches of transformers' generate.

Needs `pip install torch transformers` (written with torch 2.15, transformers 5.24) and built commands.

  make_beam_fixtures.py STORIES260K

STORIES260K is the folder of that checkpoint; it is converted with llama-convert. The other models are the fixtures
hf-tied-f32 and hf-biased-bf16. The file is an array of {"model", "prompt", "beams", "n", "max_tokens", "length_penalty",
"early_stopping", "stop_tokens", "sequences": [ids after the prompt, with the stop token], "scores"}. Weights are expanded to float32,
as Swift computes with them.
"""

import usage

usage.answer_help(__doc__)

import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Tests" / "LlamaTestSupport" / "Fixtures"
SETTINGS = [
    {"beams": 2, "n": 1, "max_tokens": 12, "length_penalty": 1.0, "early_stopping": False},
    {"beams": 4, "n": 4, "max_tokens": 20, "length_penalty": 1.0, "early_stopping": False},
    {"beams": 3, "n": 2, "max_tokens": 20, "length_penalty": 0.0, "early_stopping": True},
    {"beams": 5, "n": 3, "max_tokens": 16, "length_penalty": 2.0, "early_stopping": "never"},
]


def searches(name, model, prompts, stops):
    for prompt in prompts:
        for setting in SETTINGS:
            for stop in stops:
                yield {"model": name, "prompt": prompt, **setting, "stop_tokens": stop,
                       **search(model, prompt, setting, stop)}


def search(model, prompt, setting, stop):
    with torch.no_grad():
        result = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
            num_beams=setting["beams"], num_return_sequences=setting["n"], max_new_tokens=setting["max_tokens"],
            length_penalty=setting["length_penalty"], early_stopping=setting["early_stopping"],
            eos_token_id=stop or None, pad_token_id=0, bos_token_id=1,
            return_dict_in_generate=True, output_scores=True)
    sequences = []
    for row in result.sequences[:, len(prompt):].tolist():
        # What follows a stop token is padding.
        end = next((i for i, token in enumerate(row) if token in stop), len(row) - 1)
        sequences.append(row[:end + 1])
    return {"sequences": sequences, "scores": [round(score, 6) for score in result.sequences_scores.tolist()]}


def load(folder):
    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.generation_config = transformers.GenerationConfig()
    return model.eval()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = []
    for name in ["hf-tied-f32", "hf-biased-bf16"]:
        model = load(FIXTURES / "Checkpoints" / name)
        cases += searches(name, model, [[1, 7, 30, 12], [1] + [5 + i * 7 % 80 for i in range(70)]], [[], [11, 40]])
    with tempfile.TemporaryDirectory() as folder:
        converted = pathlib.Path(folder) / "stories260K-hf"
        convert = next(ROOT.glob(".build/*/llama-convert"))
        subprocess.run([convert, sys.argv[1], converted, "--to", "huggingface"], check=True, capture_output=True)
        # "Once upon a time" and "The little dog".
        prompts = [[1, 403, 407, 261, 378], [1, 269, 413, 395, 303]]
        cases += searches("stories260K", load(converted), prompts, [[2]])
    path = FIXTURES / "Decoding" / "generated_beams.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
