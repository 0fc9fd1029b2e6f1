#!/usr/bin/env python3
"""Reports how the `tokenizers` library classifies every Unicode scalar, and where it differs from tiktoken.

Needs `pip install tokenizers tiktoken regex` (used with 0.23.3, 0.14.0 and 2026.11.15). Nothing is looked up:
`Split`'s regular expressions (Oniguruma), `Digits` (Rust's `char::is_numeric`), the normalizer `Strip`
(`char::is_whitespace`) and the added tokens' `single_word` and `lstrip` (the regex crate's `\\w` and `\\s`) are
run over all scalars. An engine's version of Unicode is the newest one of which it knows a letter.

    tools/probe_oniguruma.py            # Markdown on standard output
"""

import usage

usage.answer_help(__doc__)

import regex
import tiktoken
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, SCALARS))
CLASSES = [
    r"\p{L}", r"\p{N}", r"\s", r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{P}", r"\p{S}",
    r"\p{Z}", r"\p{C}", r"\d", r"\w"]
# A letter that each version of Unicode brought.
MARKERS = [
    ("6.1", 0x08A2), ("7.0", 0x037F), ("8.0", 0x13F8), ("9.0", 0x1C80), ("10.0", 0x0860), ("11.0", 0x1C90),
    ("12.0", 0x0E86), ("13.0", 0x08BE), ("14.0", 0x0870), ("15.0", 0x11240), ("15.1", 0x2EBF0), ("16.0", 0x1C89),
    ("17.0", 0xA7CE)]
# And a number.
NUMBER_MARKERS = [
    ("10.0", 0x11D50), ("11.0", 0x10D30), ("12.0", 0x1E140), ("13.0", 0x11950), ("15.0", 0x1D2C0), ("16.0", 0x11BF0),
    ("17.0", 0x11DE0)]


def oniguruma(pattern):
    """The scalars that `Split` takes for a match of the pattern."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    return {ord(piece) for piece, _ in split.pre_tokenize_str(EVERYTHING)}


def of_tiktoken(pattern):
    bytes_only = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={})
    return {ord(c) for c in encoding.decode(encoding.encode_ordinary(EVERYTHING))}


def digits():
    """The scalars that `Digits` cuts off from the letters around them."""
    text = "x" + "".join(c + "x" for c in EVERYTHING)
    pieces = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str(text)
    return {ord(piece) for piece, (start, _) in pieces if len(piece) == 1 and start % 2}


def stripped():
    strip = normalizers.Strip(left=True, right=False)
    return {c for c in SCALARS if not strip.normalize_str(chr(c))}


def added_token(**options):
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.add_special_tokens([AddedToken("~q", **options)])
    return tokenizer


def words(suffix):
    """The scalars next to which a `single_word` token is no token."""
    tokenizer = added_token(single_word=True)
    return {c for c in SCALARS
            if 1 not in tokenizer.encode("~q" + chr(c) if suffix else chr(c) + "~q", add_special_tokens=False).ids}


def swallowed(side):
    """The scalars that an `lstrip` or `rstrip` token takes with it."""
    tokenizer = added_token(**{side: True})
    return {c for c in SCALARS
            if len(tokenizer.encode("~q" + chr(c) if side == "rstrip" else chr(c) + "~q").ids) == 1}


def ranges(scalars):
    found = []
    for c in sorted(scalars):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def listed(scalars):
    return ", ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in ranges(scalars)) or "none"


def version(knows, markers=MARKERS):
    """The newest version of Unicode of which an engine knows a marker."""
    return next((name for name, marker in reversed(markers) if knows(marker)), "?")


def compared(name, ours, theirs, other):
    if ours == theirs:
        return f"{name} = {other}"
    return f"{name} ≠ {other}: only {name}: {listed(ours - theirs)}; only {other}: {listed(theirs - ours)}"


def main():
    print(f"# Scalar classes of tokenizers {tokenizers.__version__}, tiktoken {tiktoken.__version__}\n")
    onig = {pattern: oniguruma(pattern) for pattern in CLASSES}
    tikt = {pattern: of_tiktoken(pattern) for pattern in CLASSES}
    print(f"Newest letters: Oniguruma's of Unicode {version(onig[CLASSES[0]].__contains__)}, tiktoken's of "
          f"{version(tikt[CLASSES[0]].__contains__)}, Python regex {regex.__version__}'s of "
          f"{version(lambda c: regex.match(CLASSES[0], chr(c)))}\n")
    for pattern in CLASSES:
        print(f"- Split `{pattern}`: {len(onig[pattern])} scalars, "
              + compared("Oniguruma", onig[pattern], tikt[pattern], "tiktoken"))
    numeric = digits()
    print(f"- Digits: {len(numeric)} scalars of Unicode {version(numeric.__contains__, NUMBER_MARKERS)}, "
          + compared("Digits", numeric, tikt[r"\p{N}"], r"tiktoken's \p{N}"))
    space = stripped()
    print(f"- normalizer Strip: {len(space)} scalars, " + compared("Strip", space, tikt[r"\s"], r"tiktoken's \s"))
    for side in ["lstrip", "rstrip"]:
        found = swallowed(side)
        print(f"- {side}: {len(found)} scalars, " + compared(side, found, tikt[r"\s"], r"tiktoken's \s"))
    for name, suffix in [("before", False), ("behind", True)]:
        found = words(suffix)
        print(f"- single_word, {name}: {len(found)} scalars, "
              + compared("single_word", found, tikt[r"\w"], r"tiktoken's \w"))


if __name__ == "__main__":
    main()
