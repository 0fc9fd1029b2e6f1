#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Decoding: what transformers' logits processors and beam search compute.

Needs `pip install torch transformers` (written with torch 2.15, transformers 5.24). Everything is seeded.

  logits.json   {"logits": [[…]], "cases": [{"logits": index, "history", "prompt_count", "stop_tokens", "options", "kept", "scores"}]}
                A case's processors come from generate's own `_get_logits_processor`, in its order; `kept` are the ids
                whose scores are not minus infinity, `scores` theirs. A logit that is null is minus infinity. `tied` marks
                cases in which the edge of the nucleus falls among equal logits. Frequency and presence penalties, which
                transformers does not have, are added after the repetition penalty as vLLM computes them.
  beams.json    {"models": [{"current": [V × V], "previous": [V × V], "positions": [32 × V]}], "cases": [{"model", "prompt", "stop_tokens",
                "max_tokens", "candidates", "options", "steps", "sequences", "scores"}]}
                A model's logits are current[last token] + previous[token before it] + positions[last position], added in
                this order. A case is a call of generate; `steps` counts its forward passes. Without the last table, a
                text that repeats itself would be as likely as with its transitions in another order.
"""

import usage

usage.answer_help(__doc__)

import json
import math
import pathlib

import numpy
import torch
import transformers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, LogitsProcessor, LogitsProcessorList
from transformers.generation.logits_process import RepetitionPenaltyLogitsProcessor, SequenceBiasLogitsProcessor
from transformers.modeling_outputs import CausalLMOutputWithPast

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Decoding"


def number(value):
    """The shortest decimal that is this float32; null for minus infinity."""
    return None if value == -math.inf else float(str(numpy.float32(value)))


class Table(LlamaForCausalLM):
    """A model whose logits are sums of rows of tables."""

    def __init__(self, current, previous, positions):
        super().__init__(LlamaConfig(vocab_size=current.shape[0], hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                                     num_attention_heads=1, max_position_embeddings=256, bos_token_id=None, eos_token_id=None))
        self.current, self.previous, self.positions, self.steps = current, previous, positions, 0

    def forward(self, input_ids=None, **_):
        self.steps += 1
        logits = self.current[input_ids]
        logits[:, 1:] += self.previous[input_ids[:, :-1]]
        return CausalLMOutputWithPast(logits=logits + self.positions[:input_ids.shape[1]])


class CountPenalties(LogitsProcessor):
    def __init__(self, frequency, presence, prompt_count):
        self.frequency, self.presence, self.prompt_count = frequency, presence, prompt_count

    def __call__(self, input_ids, scores):
        counts = torch.zeros_like(scores).scatter_add_(1, input_ids[:, self.prompt_count:],
                                                       torch.ones_like(input_ids[:, self.prompt_count:], dtype=scores.dtype))
        scores = scores - self.frequency * counts
        return scores - self.presence * (counts > 0)


def configuration(options, stop_tokens):
    """The GenerationConfig of options under this project's names."""
    names = {"temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p", "typical_p": "typical_p",
             "repetition_penalty": "repetition_penalty", "bad_words": "bad_words_ids", "min_tokens": "min_new_tokens"}
    values = {names[key]: value for key, value in options.items() if key in names}
    if "logit_bias" in options:
        values["sequence_bias"] = [[[int(key)], float(value)] for key, value in options["logit_bias"].items()]
    values = {"top_k": 0, "top_p": 1.0, "temperature": 1.0} | values
    return GenerationConfig(eos_token_id=stop_tokens or None, pad_token_id=0, **values)


def processors(model, config, options, prompt_count, sample):
    config.do_sample = sample
    model._prepare_special_tokens(config, False, device="cpu")
    result = model._get_logits_processor(config, input_ids_seq_length=prompt_count, device="cpu")
    if {"frequency_penalty", "presence_penalty"} & options.keys():
        earlier = [isinstance(p, (SequenceBiasLogitsProcessor, RepetitionPenaltyLogitsProcessor)) and type(p).__name__ != "NoBadWordsLogitsProcessor"
                   for p in result]
        result.insert(sum(earlier), CountPenalties(options.get("frequency_penalty", 0), options.get("presence_penalty", 0), prompt_count))
    return result


PROCESSORS = [
    {"logit_bias": {"0": 5.0, "3": -2.5, "6": 100.0}},
    {"repetition_penalty": 1.3}, {"repetition_penalty": 0.8},
    {"frequency_penalty": 0.7}, {"presence_penalty": 1.1}, {"frequency_penalty": -0.4, "presence_penalty": -1.5},
    {"bad_words": [[2], [5], [1, 4], [3, 1, 4], [1, 0], [7]]},
    {"min_tokens": 5}, {"min_tokens": 4},
    {"logit_bias": {"1": 1.5, "4": -1.5}, "repetition_penalty": 1.7, "frequency_penalty": 0.3, "presence_penalty": 0.2,
     "bad_words": [[3], [1, 2]], "min_tokens": 20},
]
WARPERS = [
    {"temperature": 0.3}, {"temperature": 1.9},
    {"top_k": 1}, {"top_k": 3}, {"top_k": 7}, {"top_k": 500},
    {"top_p": 0.05}, {"top_p": 0.37}, {"top_p": 0.9}, {"top_p": 0.995},
    {"min_p": 0.03}, {"min_p": 0.45}, {"min_p": 1.0},
    {"typical_p": 0.07}, {"typical_p": 0.33}, {"typical_p": 0.93},
    {"temperature": 0.6, "top_p": 0.91}, {"temperature": 1.4, "top_k": 20, "top_p": 0.83},
    {"temperature": 1.7, "min_p": 0.09}, {"temperature": 0.8, "typical_p": 0.57},
    {"temperature": 1.3, "top_k": 6, "top_p": 0.93, "min_p": 0.04, "typical_p": 0.81},
    {"temperature": 0.7, "top_k": 40, "top_p": 0.87, "min_p": 0.02, "typical_p": 0.88, "repetition_penalty": 1.2,
     "logit_bias": {"2": 1.25}, "bad_words": [[0], [1, 4]], "min_tokens": 8},
]
HISTORY, PROMPT_COUNT, STOP_TOKENS = [7, 3, 2, 3, 6, 0, 0, 3, 1], 5, [5, 7]


def write_logits():
    torch.manual_seed(1)
    random = [4 * torch.randn(32), 3 * torch.randn(200), 2 * torch.randn(1000)]
    random[1][torch.randperm(200)[:40]] = -math.inf
    # Whole numbers, many of them equal.
    ties = torch.randint(-3, 4, (24,)).float()
    sets = [torch.tensor([0.5, -1.0, 2.0, 0.0, -3.5, 1.0, 0.25, -0.125]), *random, ties]
    cases = []
    for index, logits in enumerate(sets):
        size = len(logits)
        model = Table(torch.zeros(size, 0), None, None)
        # The large one only where few are kept, so that the file stays small.
        for options in (PROCESSORS if size < 100 else []) + [o for o in WARPERS if size < 1000 or len(o) > 1]:
            history = torch.tensor([HISTORY])
            sample = bool(options.keys() & {"temperature", "top_k", "top_p", "min_p", "typical_p"})
            steps = processors(model, configuration(options, STOP_TOKENS), options, PROMPT_COUNT, sample)
            scores = steps(history, logits[None].clone())[0]
            kept = (scores > -math.inf).nonzero().flatten().tolist()
            tied = "top_p" in options and any(
                float(score) == -math.inf and float(logit) in {float(logits[k]) for k in kept} for score, logit in zip(scores, logits))
            cases.append({"logits": index, "history": HISTORY, "prompt_count": PROMPT_COUNT, "stop_tokens": STOP_TOKENS,
                          "options": options, "kept": kept, "scores": [number(scores[k]) for k in kept]} | ({"tied": True} if tied else {}))
    return {"logits": [[number(x) for x in s] for s in sets], "cases": cases}


def write_beams():
    models, cases = [], []
    torch.manual_seed(2)
    for seed in range(3):
        size = 24
        current, previous = 1.5 * torch.randn(size, size), 1.5 * torch.randn(size, size)
        current[:, 1] += 1.0
        current[:, 2] += 1.0
        positions = 0.3 * torch.randn(32, size)
        models.append({name: [[number(x) for x in row] for row in table]
                       for name, table in (("current", current), ("previous", previous), ("positions", positions))})
        model = Table(current, previous, positions).eval()
        settings = [(beams, n, penalty, early, stops, most, {})
                    for beams, n in ((2, 1), (4, 4)) for penalty in (-0.5, 0.0, 1.0, 2.0) for early in (False, True, "never")
                    for stops, most in (([1], 12),)]
        settings += [(3, 2, 1.0, early, stops, most, {}) for early in (False, True, "never")
                     for stops, most in (([], 6), ([1, 2], 16), ([1], 1), ([1, 2, 3], 2))]
        settings += [(7, 5, 1.0, early, [1, 2], 20, {}) for early in (False, True, "never")]
        settings += [(3, 3, 1.0, False, [1, 2], 10, options) for options in (
            {"repetition_penalty": 1.4}, {"min_tokens": 6}, {"bad_words": [[4], [1], [5, 6], [7, 8], [9, 10]]},
            {"logit_bias": {"1": -3.0, "11": 2.0}, "repetition_penalty": 1.2, "min_tokens": 3, "bad_words": [[3], [12, 11]]})]
        for beams, n, penalty, early, stops, most, options in settings:
            config = configuration(options, stops)
            config.update(num_beams=beams, num_return_sequences=n, length_penalty=penalty, early_stopping=early, do_sample=False,
                          max_new_tokens=most, use_cache=False, return_dict_in_generate=True, output_scores=True, output_logits=True)
            prompt = torch.randint(3, size, (3,)).tolist()
            model.steps = 0
            with torch.no_grad():
                output = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, 3).long(), generation_config=config)
            lengths = (output.beam_indices >= 0).sum(1).tolist()
            cases.append({"model": seed, "prompt": prompt, "stop_tokens": stops, "max_tokens": most,
                          "candidates": {"beams": beams, "n": n, "length_penalty": penalty, "early_stopping": str(early).lower()},
                          "options": options, "steps": model.steps,
                          "sequences": [row[3:3 + count].tolist() for row, count in zip(output.sequences, lengths)],
                          "scores": [number(x) for x in output.sequences_scores]})
    return {"models": models, "cases": cases}


def write(name, content):
    # One line per case or table row, so that a change can be read.
    lists = ",\n".join(f'"{key}": [\n' + ",\n".join(json.dumps(x, separators=(",", ":")) for x in values) + "\n]"
                       for key, values in content.items())
    (FIXTURES / name).write_text("{" + lists + "}\n")


# It warns that top-k 0 is a warper without sampling.
transformers.logging.set_verbosity_error()
FIXTURES.mkdir(parents=True, exist_ok=True)
write("logits.json", write_logits())
write("beams.json", write_beams())
