#!/usr/bin/env python3
"""Writes the SentencePiece models of Tests/LlamaTestSupport/Fixtures/Tokenizers and their output according to the reference.

Needs `pip install sentencepiece` (written with 0.2.3). The models are trained on the text below, so nothing
in them is anybody else's; ids and decoded texts in expected.json are the Python package's.
"""

import usage

usage.answer_help(__doc__)

import contextlib
import io
import json
import pathlib
import random
import tempfile

import sentencepiece

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Tokenizers"

SENTENCES = """
A checkpoint is opened, and its tensors are given their names.
The engine drives the transformer, and a tokenizer stands at both doors.
One prompt after another waits for its turn; none of them is refused.
Does the text that goes in come out again? It does, letter by letter.
Numbers such as 12, 345 and 6789 are read digit by digit.
    Four spaces in front are not one space in front.
Où est la bibliothèque? Elle est à côté du théâtre.
""".strip("\n").split("\n")

# Each model exercises rules that the others do not have.
MODELS = {
    # As Llama 2's: BPE, byte fallback, dummy prefix, no whitespace squeezing, no padding.
    "bpe.model": dict(
        model_type="bpe", vocab_size=400, byte_fallback=True, remove_extra_whitespaces=False,
        normalization_rule_name="identity", split_digits=True, allow_whitespace_only_pieces=True,
        user_defined_symbols=["[INST]"], unk_surface=" \u2047 ", pad_id=-1),
    # A character vocabulary without bytes, that squeezes spaces and rewrites some characters.
    "char.model": dict(
        model_type="char", vocab_size=80, pad_id=3, control_symbols=["<sep>", "<sep>2"]),
    # Neither prefix nor squeezing: text comes back as it is.
    "unigram.model": dict(
        model_type="unigram", vocab_size=90, hard_vocab_limit=False, add_dummy_prefix=False,
        remove_extra_whitespaces=False, normalization_rule_name="identity"),
}

# source and target in hexadecimal code points: curly quotes, a ligature, an ellipsis, full-width A.
RULES = "2018\t27\n2019\t27\nFB01\t66 69\n2026\t2E 2E 2E\nFF21\t41\n"

TEXTS = [
    "", " ", "  ", "a", " a", "a ", "\n", "\t", "Hello, tensors!", "   three spaces", "inner   spaces  end ",
    "<s>", "</s> and <unk>", "<sep>2", "[INST] doors [INST]", "▁mark▁", "a\u2019b\u2026\ufb01\uff21",
    "\U0001f600 smile", "नमस्ते", "e\u0301 é", "\x00nul\x00", "12 345 6789", "transformertransformer",
    "日本語", "\u00a0\u2003wide", "the " * 40,
]


def train(name, options):
    # The model remembers the path of its rules, so it is trained next to them.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if name == "char.model":
            pathlib.Path("rules.tsv").write_text(RULES)
            options = dict(options, normalization_rule_tsv="rules.tsv")
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_writer=model, character_coverage=1.0, num_threads=1,
            minloglevel=2, **options)
    return model.getvalue()


def expectations(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    random.seed(20)
    size = processor.get_piece_size()
    sequences = [[random.randrange(size) for _ in range(random.randrange(1, 12))] for _ in range(100)]
    return {
        "vocabulary_size": size,
        "bos": processor.bos_id(), "eos": processor.eos_id(), "pad": processor.pad_id(),
        "texts": [
            {"text": text, "ids": ids, "decoded": processor.decode(ids)}
            for text in TEXTS for ids in [processor.encode(text)]
        ],
        "sequences": [{"ids": ids, "decoded": processor.decode(ids)} for ids in sequences],
    }


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, options in MODELS.items():
        model = train(name, options)
        (FIXTURES / name).write_bytes(model)
        expected[name] = expectations(model)
    lines = json.dumps(expected, ensure_ascii=True, separators=(",", ":"))
    (FIXTURES / "expected.json").write_text(lines + "\n")


main()
