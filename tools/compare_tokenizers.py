#!/usr/bin/env python3
"""Compares `llama-tokenize` with tiktoken, sentencepiece and tokenizers on random and adversarial texts.

Needs `pip install tiktoken sentencepiece tokenizers` (used with 0.14.0, 0.2.3 and 0.23.3), a release build of
`llama-tokenize`, and a tokenizer.model of either kind or a tokenizer.json:

    tools/compare_tokenizers.py path/to/tokenizer.json --count 25000

Every scalar of Unicode, the tokenizer's own special tokens and random texts are encoded with and without honoring
the special tokens, and decoded again, as are random ids. Prints how many comparisons there were, the versions of
Unicode that were involved and the first differences, each reduced to the shortest text that still differs; fails if there are any.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA31_NAMES = {
    0: "<|begin_of_text|>", 1: "<|end_of_text|>", 4: "<|finetune_right_pad_id|>", 6: "<|start_header_id|>",
    7: "<|end_header_id|>", 8: "<|eom_id|>", 9: "<|eot_id|>", 10: "<|python_tag|>"}

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
    # Long runs, which are merged by another algorithm than short ones.
    lambda r: r.choice(["a", "ab", " ", "\n", "\t", "=", "é", "漢", "😀", "\u0301", "0", "-*", "ha", "\0"])
    * r.choice([3, 17, 63, 64, 65, 66, 128, 500, 1500]),
    lambda r: "".join(scalar(r, 0x4E00, 0x9FFF) for _ in range(r.randint(1, 120))),
    lambda r: "".join(scalar(r, 0xAC00, 0xD7A3) for _ in range(r.randint(1, 120))),
    lambda r: "".join(scalar(r, 0x1F300, 0x1FAFF) for _ in range(r.randint(1, 120))),
]


class Tiktoken:
    """Llama 3's tokenizer.model, which has neither the pattern nor the special tokens of Llama 3.1 in it."""

    def __init__(self, path):
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe

        ranks = load_tiktoken_bpe(path)
        reserved = iter(f"<|reserved_special_token_{number}|>" for number in range(256))
        names = [LLAMA31_NAMES.get(place) or next(reserved) for place in range(256)]
        self.first_special = len(ranks)
        self.specials = {name: len(ranks) + place for place, name in enumerate(names)}
        self.size = len(ranks) + len(names)
        self.name = f"tiktoken {tiktoken.__version__}"
        self.encoding = tiktoken.Encoding(
            "compared", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens=self.specials)
        letters = tiktoken.Encoding(
            "letters", pat_str=r"\p{L}", mergeable_ranks={bytes([byte]): byte for byte in range(256)},
            special_tokens={})
        self.unicode = {"tiktoken's patterns": lambda version, letter, number: version(
            lambda scalar: letters.encode_ordinary(chr(scalar)), letter)}

    def encode(self, text, specials):
        return self.encoding.encode(text, allowed_special="all" if specials else set(), disallowed_special=())

    def decode(self, ids):
        """Special tokens have no text, and end a character that is not complete."""
        runs = [[]]
        for identifier in ids:
            if identifier < self.first_special:
                runs[-1].append(identifier)
            else:
                runs.append([])
        return "".join(map(self.encoding.decode, runs))


class SentencePiece:
    """A stretch between two control tokens is a text of its own."""

    def __init__(self, path):
        import sentencepiece

        self.processor = sentencepiece.SentencePieceProcessor(model_file=path)
        self.size = self.processor.get_piece_size()
        self.name = f"sentencepiece {sentencepiece.__version__}"
        self.unicode = {}
        controls = [number for number in range(self.size) if self.processor.is_control(number)]
        self.specials = {self.processor.id_to_piece(number): number for number in controls}

    def encode(self, text, specials):
        ids = []
        while specials:
            found = [(text.find(name), -len(name), name) for name in self.specials if name in text]
            if not found:
                break
            start, _, name = min(found)
            ids += self.processor.encode(text[:start]) + [self.specials[name]]
            text = text[start + len(name):]
        return ids + self.processor.encode(text)

    def decode(self, ids):
        return self.processor.decode(ids)


class HuggingFace:
    def __init__(self, path):
        import tokenizers
        from tokenizers import Regex, pre_tokenizers

        self.tokenizer = tokenizers.Tokenizer.from_file(path)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        added = self.tokenizer.get_added_tokens_decoder()
        self.specials = {token.content: number for number, token in added.items()}
        self.size = max([*self.tokenizer.get_vocab().values(), *added]) + 1
        self.name = f"tokenizers {tokenizers.__version__}"
        split = pre_tokenizers.Split(Regex(r"\p{L}"), "removed", invert=True)
        digits = pre_tokenizers.Digits(individual_digits=True)
        self.unicode = {
            "Split's Oniguruma": lambda version, letter, number: version(
                lambda scalar: split.pre_tokenize_str(chr(scalar)), letter),
            "Digits": lambda version, letter, number: version(
                lambda scalar: len(digits.pre_tokenize_str("a" + chr(scalar))) == 2, number)}

    def encode(self, text, specials):
        self.tokenizer.encode_special_tokens = not specials
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=True)


def reference(path):
    head = pathlib.Path(path).read_bytes()[:4096]
    if head.lstrip()[:1] == b"{":
        return HuggingFace(path)
    first = head.split(b"\n")[0]
    return Tiktoken(path) if len(first.split(b" ")) == 2 and first[-1:].isdigit() else SentencePiece(path)


class Command:
    """`llama-tokenize`: a line of JSON in, a line of JSON out."""

    def __init__(self, path, tokenizer):
        self.start = [path, "--tokenizer", tokenizer]

    def run(self, arguments, cases):
        lines = "".join(json.dumps(case) + "\n" for case in cases).encode()
        found = subprocess.run([*self.start, *arguments], input=lines, stdout=subprocess.PIPE, check=True).stdout
        results = [json.loads(line) for line in found.split(b"\n") if line]
        if len(results) != len(cases):
            sys.exit(f"{arguments}: {len(results)} lines for {len(cases)} cases")
        return results

    def encode(self, texts, specials):
        return self.run(["encode", "--specials", "all" if specials else "none"], texts)

    def decode(self, sequences):
        return self.run(["decode"], sequences)


def built_command():
    folders = [ROOT / name / "release" for name in [".build-release", ".build"]]
    return next((str(found) for folder in folders if (found := folder / "llama-tokenize").exists()), None)


def every_scalar():
    """All scalars in short texts, a letter, a number and spaces beside each."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return ["".join(f"{c}a{c}1{c} {c} " for c in scalars[i:i + 256]) for i in range(0, len(scalars), 256)]


def own_specials(names):
    """Each special token in company that its options may care for, and all in a row."""
    around = ["{0}", " {0} ", "a{0}b", "a \n{0}\t {0}1", "{0}{0}", "\u00e9{0}_", "({0})", "{1}{0}", "{1} {0}'s"]
    return ["".join(names), " ".join(names)] + [
        text.format(name, name[:-1]) for name in names for text in around]


def random_text(rng, names):
    """Of one kind, or of several with special tokens between them."""
    if not names or rng.random() < 0.75:
        return rng.choice(GENERATORS)(rng)
    parts = [rng.choice(GENERATORS)(rng)[:rng.randint(0, 20)] + rng.choice(names) for _ in range(rng.randint(1, 5))]
    return "".join(parts) + rng.choice(["", " ", "a"])


def random_ids(rng, expected):
    """Any ids, low ones (where the bytes are), or low and special ones."""
    low, special = min(expected.size, 512), [*expected.specials.values()] or [0]
    kind = rng.randrange(3)
    return [rng.randrange(expected.size) if kind == 0 else rng.randrange(low) if kind == 1 or rng.random() < 0.8
            else rng.choice(special) for _ in range(rng.randint(1, 16))]


def shrunk(case, differ):
    """The case without most of what is not needed for a difference; each look starts the command."""
    step = len(case) // 2
    for _ in range(40):
        if not step:
            break
        candidates = [case[:start] + case[start + step:] for start in range(0, len(case), step)]
        smaller = next((candidate for candidate, bad in zip(candidates, differ(candidates)) if bad), None)
        case, step = (smaller, min(step, len(smaller) // 2)) if smaller else (case, step // 2)
    return case


def compared(kind, cases, function, run):
    """The cases of which the two sides make different things."""
    def results(some):
        return list(zip(some, map(function, some), run(some), strict=True))

    differing = [case for case, theirs, ours in results(cases) if theirs != ours]
    shown = {}
    for case in sorted(differing, key=len)[:3]:
        small = shrunk(case, lambda some: [theirs != ours for _, theirs, ours in results(some)])
        shown["%s of %a: expected %a, found %a" % (kind, *results([small])[0])] = None
    print(*shown, sep="\n", end="\n" if shown else "")
    return len(differing)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer")
    parser.add_argument("--count", type=int, default=25_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--llama-tokenize", metavar="PATH", default=built_command())
    options = parser.parse_args()
    if not options.llama_tokenize:
        parser.error("no release build of llama-tokenize found; name one with --llama-tokenize")
    rng = random.Random(options.seed)
    expected, command = reference(options.tokenizer), Command(options.llama_tokenize, options.tokenizer)
    names = [*expected.specials]
    texts = every_scalar() + own_specials(names) + [random_text(rng, names) for _ in range(options.count)]
    sequences = [random_ids(rng, expected) for _ in range(options.count // 2)]
    differences = 0
    for specials in [False, True]:
        kind = f"encode, specials {'all' if specials else 'none'},"
        differences += compared(
            kind, texts, lambda text: expected.encode(text, specials), lambda some: command.encode(some, specials))
    differences += compared("decode", sequences, expected.decode, command.decode)
    # The text that an encoded text decodes to.
    encoded = [expected.encode(text, specials=True) for text in texts]
    differences += compared("decode", encoded, expected.decode, command.decode)
    from probe_oniguruma import MARKERS, NUMBER_MARKERS, version

    versions = {"Python": unicodedata.unidata_version}
    versions |= {name: probe(version, MARKERS, NUMBER_MARKERS) for name, probe in expected.unicode.items()}
    print(f"{expected.name}: {len(texts)} texts encoded with and without {len(names)} special tokens, "
          f"{len(sequences) + len(encoded)} sequences decoded, {differences} differences")
    print("Unicode: " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
