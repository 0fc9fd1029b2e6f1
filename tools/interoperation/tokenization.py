"""The ids that llama.cpp and transformers have for texts, from files of ours, against those of llama-tokenize."""

import json
import random
import sys
from pathlib import Path

from . import reference
from .llama_cpp_model import LlamaCppModel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def texts(golden: Path | None, count: int, seed: int) -> list[str]:
    """The golden texts and as many random ones as are wanted."""
    from compare_tokenizers import SPACES, WORDS
    result = []
    if golden and golden.exists():
        result += [json.loads(line)["text"] for line in golden.read_text().splitlines()]
    rng = random.Random(seed)
    ascii = [chr(c) for c in range(32, 127)] + ["\n", "\t", "\r"]

    def scalar() -> str:
        while True:
            value = rng.choice([rng.randrange(0x20, 0x250), rng.randrange(0x250, 0x3100), rng.randrange(0x110000)])
            if value and not 0xD800 <= value < 0xE000:
                return chr(value)

    makers = [
        lambda: "".join(rng.choices(ascii, k=rng.randrange(1, 60))),
        lambda: " ".join(rng.choices(WORDS, k=rng.randrange(1, 12))),
        lambda: "".join(rng.choices(WORDS + SPACES, k=rng.randrange(1, 16))),
        lambda: "".join(scalar() for _ in range(rng.randrange(1, 24))),
        lambda: "".join(rng.choices(SPACES + ["a", "\n", "1"], k=rng.randrange(1, 20))),
        lambda: rng.choice(["a", " ", "\n", "1", "é", "日", "👩‍👩‍👧‍👦", "'", "-"]) * rng.randrange(1, 200),
        lambda: "".join(rng.choices("0123456789.,-+eE $%", k=rng.randrange(1, 40))),
    ]
    while len(result) < count:
        result.append(rng.choice(makers)())
    return result


def check(programs, report, folder: Path, tokenizer: Path, count: int):
    """Makes a tiny model with the tokenizer, writes it as GGUF and for transformers, and encodes texts in all."""
    vocabulary = 32000 if b"<unk>" in tokenizer.read_bytes()[:64] else 128256
    name = f"{tokenizer.parent.name}, {vocabulary} tokens"
    source = reference.make_meta(folder / f"tokenizer-{vocabulary}", seed=3, vocabulary=vocabulary,
                                 tokenizer=tokenizer, rope_theta=10000.0 if vocabulary == 32000 else 500000.0)
    path = folder / f"tokenizer-{vocabulary}.gguf"
    models = {}

    def load():
        programs.convert(source, path, "gguf", "--dtype", "float16")
        models["llama.cpp"] = LlamaCppModel(path)
        return f"{models['llama.cpp'].model.n_vocab()} tokens"
    report.check(name, "gguf with its tokenizer: llama.cpp loads", load)
    samples = texts(tokenizer.parent / "golden.jsonl", count, seed=17)
    for bos in (False, True):
        report.check(name, f"llama.cpp, texts{', with the begin token' if bos else ''}", lambda: compare(
            programs, path, samples, lambda text: models["llama.cpp"].encode(text, bos=bos), bos))
    target = folder / f"tokenizer-{vocabulary}-hf"

    def load_transformers():
        from transformers import AutoTokenizer
        programs.convert(source, target, "huggingface")
        models["transformers"] = AutoTokenizer.from_pretrained(target)
        return f"{type(models['transformers']).__name__}, {len(models['transformers'])} tokens"
    report.check(name, "huggingface with its tokenizer: loads", load_transformers)
    # A tokenizer.json finds special tokens in any text.
    added = list(models["transformers"].get_added_vocab()) if "transformers" in models else []
    plain = [text for text in samples if not any(token in text for token in added)]
    for bos in (False, True):
        report.check(name, f"transformers, texts{', with the begin token' if bos else ''}", lambda: compare(
            programs, tokenizer, plain,
            lambda text: models["transformers"].encode(text, add_special_tokens=bos), bos))


def compare(programs, path: Path, samples: list[str], encode, bos: bool) -> str:
    """That a library has the ids of llama-tokenize for every text, or an error."""
    lines = "".join(json.dumps(text) + "\n" for text in samples)
    output = programs.call("llama-tokenize", "encode", "--tokenizer", path, *(["--bos"] if bos else []), text=lines)
    ours = [json.loads(line) for line in output.splitlines()]
    if len(ours) != len(samples):
        raise ValueError(f"{len(ours)} lines for {len(samples)} texts")
    theirs = [encode(text) for text in samples]
    different = [i for i in range(len(samples)) if ours[i] != theirs[i]]
    if different:
        shown = "; ".join(f"{samples[i][:60]!a}: here {ours[i][:20]}, there {theirs[i][:20]}"
                          for i in sorted(different, key=lambda i: len(samples[i]))[:6])
        raise ValueError(f"{len(different)} of {len(samples)} texts differ: {shown}")
    return f"{len(samples)} texts, {sum(map(len, ours))} ids equal"
