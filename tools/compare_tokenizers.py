#!/usr/bin/env python3
"""Compares this package's tokenizers with tiktoken and sentencepiece on random and adversarial texts.

Needs `pip install tiktoken sentencepiece` (used with 0.14.0 and 0.2.3) and a tokenizer.model of either kind:

    tools/compare_tokenizers.py path/to/tokenizer.model --count 25000

The texts and random ids go to the test `TokenizerCasesTests` in a file; further arguments of `swift test`, such
as `-c release -Xswiftc -enable-testing`, may follow after `--`. Prints the number of comparisons, the Unicode
version of the random scalars' choice and the first differences, and fails if there are any.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")

SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x200D), 0x2028,
                           0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)]
WORDS = """the The of Où naïve don't WE'LL I'm it's they've you're he'd 'S 'ſ 'ſt 'K ''ll 'lL 'rE 'vE x's 3's
    return self.weight[0x1F]; for(int i=0;i<n;++i){a[i]+=b[i];} // ### === --> \\n <s> </s> <unk> <0x0A> [INST]
    <|begin_of_text|> <|eot_id|> <|eot_id <|reserved_special_token_0|> 日本語 的是不我一有 漢字かな交じり文 ภาษาไทย
    हिन्दी العربية עברית русский Ελληνικά 한국어 e\u0301 é \u212B \u1E9B\u0323 ﬁ Ⅷ ² ½ ٣٤٥ १२३ 𝟘𝟙𝟚 👩‍👩‍👧‍👦 🇫🇷 ❤️ 😀
    \u200d \ufeff \ufffd \u2581 ▁the http://a.b/c?d=e&f=%20 1234567890 3.14159 1,000,000 0x7fff""".split()


def scalar(rng, low=0, high=0x10FFFF):
    value = rng.randint(low, high)
    return "\ufffd" if 0xD800 <= value < 0xE000 else chr(value)


GENERATORS = [
    # Any scalars: all planes, unassigned, private use, noncharacters.
    lambda r: "".join(scalar(r) for _ in range(r.randint(1, 24))),
    lambda r: "".join(scalar(r, 0, 0xFFFF) for _ in range(r.randint(1, 40))),
    lambda r: "".join(scalar(r, 0, 0x2FF) for _ in range(r.randint(1, 60))),
    lambda r: "".join(scalar(r, 0, 0x7F) for _ in range(r.randint(1, 80))),
    # A block: one script with its marks, digits and holes.
    lambda r: (lambda low: "".join(scalar(r, low, low + 127) for _ in range(r.randint(1, 60))))(
        r.choice([r.randrange(0, 0x3000, 128), r.randrange(0, 0x20000, 128), r.randrange(0, 0x10FF00, 128)])),
    lambda r: "".join(r.choice(SPACES) * r.choice([1, 1, 2, 5]) for _ in range(r.randint(1, 12))),
    lambda r: "".join(r.choice([r.choice(SPACES), r.choice(WORDS), r.choice("aZ1.'_")]) for _ in range(20)),
    lambda r: "".join(r.choice(WORDS) + r.choice(["", " ", " ", "\n", "  "]) for _ in range(r.randint(1, 30))),
    lambda r: "".join(r.choice("'sStTrReEvVmMlLdDſK ") for _ in range(r.randint(1, 30))),
    lambda r: "".join(r.choice("0123456789٣१², .") for _ in range(r.randint(1, 40))),
    lambda r: "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(1, 300))),
    lambda r: "".join(r.choice(["ab", "aab", "the", "ing"]) for _ in range(r.randint(1, 200))),
    # Long runs, which take another way through a merger than short ones.
    lambda r: r.choice(["a", "ab", " ", "\n", "\t", "=", "é", "漢", "😀", "\u0301", "0", "-*", "ha", "\0"])
    * r.choice([3, 17, 63, 64, 65, 66, 128, 500, 1500]),
    lambda r: "".join(scalar(r, 0x4E00, 0x9FFF) for _ in range(r.randint(1, 120))),
    lambda r: "".join(scalar(r, 0xAC00, 0xD7A3) for _ in range(r.randint(1, 120))),
    lambda r: "".join(scalar(r, 0x1F300, 0x1FAFF) for _ in range(r.randint(1, 120))),
]


class Tiktoken:
    def __init__(self, path):
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe

        ranks = load_tiktoken_bpe(path)
        self.size = len(ranks)
        self.name = f"tiktoken {tiktoken.__version__}"
        self.encoding = tiktoken.Encoding(
            "compared", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens={})

    def encode(self, text):
        return self.encoding.encode_ordinary(text)

    def decode(self, ids):
        return self.encoding.decode(ids)


class SentencePiece:
    def __init__(self, path):
        import sentencepiece

        self.processor = sentencepiece.SentencePieceProcessor(model_file=path)
        self.size = self.processor.get_piece_size()
        self.name = f"sentencepiece {sentencepiece.__version__}"

    def encode(self, text):
        return self.processor.encode(text)

    def decode(self, ids):
        return self.processor.decode(ids)


def reference(path):
    first = pathlib.Path(path).read_bytes()[:4096].split(b"\n")[0]
    return Tiktoken(path) if len(first.split(b" ")) == 2 and first[-1:].isdigit() else SentencePiece(path)


def every_scalar():
    """All scalars in short texts, a letter, a number and spaces beside each."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return ["".join(f"{c}a{c}1{c} {c} " for c in scalars[i:i + 256]) for i in range(0, len(scalars), 256)]


def run(tokenizer, texts, sequences, arguments):
    with tempfile.TemporaryDirectory() as folder:
        cases = pathlib.Path(folder) / "cases.json"
        path = str(pathlib.Path(tokenizer).resolve())
        cases.write_text(json.dumps({"tokenizer": path, "texts": texts, "sequences": sequences}))
        environment = dict(os.environ, LLAMA_TOKENIZER_CASES=str(cases))
        command = ["swift", "test", "--filter", "TokenizerCasesTests", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return json.loads((pathlib.Path(folder) / "cases.json.result").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer")
    parser.add_argument("--count", type=int, default=25_000)
    parser.add_argument("--seed", type=int, default=1)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    rng = random.Random(options.seed)
    expected = reference(options.tokenizer)
    texts = every_scalar() + [rng.choice(GENERATORS)(rng) for _ in range(options.count)]
    sequences = [
        [rng.randrange(rng.choice([min(expected.size, 512), expected.size])) for _ in range(rng.randint(1, 16))]
        for _ in range(options.count // 2)]
    found = run(options.tokenizer, texts, sequences, sys.argv[end + 1:])
    differences = [
        (kind, case, theirs, ours)
        for kind, cases, function, results in [
            ("encode", texts, expected.encode, found["ids"]),
            ("decode", sequences, expected.decode, found["decoded"]),
            # What comes back of an encoded text.
            ("round trip", found["ids"], expected.decode, found["texts"])]
        for case, ours in zip(cases, results, strict=True)
        for theirs in [function(case)] if theirs != ours]
    for difference in differences[:10]:
        print("%s of %r: expected %r, found %r" % difference)
    print(f"{expected.name}: {len(texts)} texts encoded, {len(sequences) + len(texts)} sequences decoded, "
          f"{len(differences)} differences (Python's Unicode {unicodedata.unidata_version})")
    sys.exit(bool(differences))


main()
