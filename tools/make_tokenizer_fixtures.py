#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Tokenizers/HuggingFace and Tiktoken: small tokenizers and their golden ids.

Needs `pip install tokenizers tiktoken` (written with 0.23.3 and 0.14.0). The vocabularies are trained on the text
below, so nothing in them is anybody else's. Each `<name>.json` is a `tokenizer.json`, `<name>.golden.jsonl` what
the reference library makes of it, a case a line:

    {"text": …, "ids": …, "ids_specials": …, "decoded": …}  special tokens' spellings not honoured, and honoured
    {"decode": ids, "decoded": …}                           ids that no text has

`decoded` is the text of the ids (of `ids` in the first kind), without the special tokens. `Tiktoken/tiny.model` is
a rank file for Llama 3's pattern and special tokens; there a special token ends a character that is not complete.
The output is the same each time.
"""

import usage

usage.answer_help(__doc__)

import base64
import collections
import json
import pathlib
import random

import tiktoken
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import processors

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Tokenizers"

CORPUS = """
The harbour wakes before the town does. Ropes creak, gulls argue, and the first ferry leaves at 6:45 with 120
people who don't look at the sea any more. They're half asleep; it's the 3rd week of rain, and we've seen 1,024
umbrellas go by. "You'll be late," the captain's sister said, "and I'd rather be early than wet." THE CAPTAIN
DIDN'T ANSWER. HE'S NEVER ANSWERED. In the long letters that he writes there are no answers, only the weather,
the tides, the prices of things: 12.50 for rope, 99.95 for paint, 2024 nails.

    def tide(hours, height=3.75):
        \"\"\"Returns the water's level in metres.\"\"\"
        if hours <= 0:
            return None  # never before the start
        return [height * sin(h / 12) for h in range(hours)]

\tfor (int i = 0; i < count; ++i) { total += values[i]; }  // === done ===

L'été, le café du port reste ouvert jusqu'à minuit; où sont les élèves? Über die Brücke gehen täglich große Schiffe.
Утром море было спокойно, и лодки вышли из порта. Η θάλασσα είναι ήρεμη σήμερα το πρωί.
海は静かで、船は港を出ました。今天早上海面很平静，船都离开了港口。바다는 조용하고 배는 항구를 떠났다.
सुबह समुद्र शांत था और नावें चली गईं। البحر هادئ هذا الصباح والقوارب غادرت الميناء. ตอนเช้าทะเลสงบและเรือออกจากท่า
⛵ 😀😀 👩‍🚀 ❤️ ― “fin” … 100 % €5 ½
""".strip("\n").split("\n")

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORD = r"[^\r\n\p{L}\p{N}]?"
# Llama 4's, too.
GPT4O = f"{WORD}{UPPER}*{LOWER}+{CONTRACTION}|{WORD}{UPPER}+{LOWER}*{CONTRACTION}" + r"|\p{N}{1,3}" + REST
TEKKEN = f"{WORD}{UPPER}*{LOWER}+|{WORD}{UPPER}+{LOWER}*" + r"|\p{N}" + REST

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\t", "\r\n", "\r\n\r\n  x", "a", " a", "a ",
    "  a  b   c    ",
    "The harbour wakes", "THE CAPTAIN DIDN'T ANSWER", "the captain's, we've, they'RE, I'D, it'Ll, I'm'm 'til 'tis",
    "'ſ x'ſa 'K k'K 'ﬆ 'ß ''s s''t", "camelCaseWords XMLHttpRequest ǅungla ʰa aʰ ªº",
    "1234567890 12.50 0x1F 1,000,000 ٣٤٥٦ १२३४ Ⅷ²½ 𝟘𝟙𝟚𝟛 \U00011de0\U00016ff4",
    "return [height * sin(h / 12)]  # === \n\n\t\tfor(;;){}//\r\n//\n/", "!!!\n\n!!! \n?\r/ /\n",
    "a\u00a0b\u2003c\u3000d\u0085e",
    "\u2028\u2029\u180e\u200b\ufeff\x1c\x1f\x0b\x0c", "e\u0301 é \u0301 a\u0301\u0302\u0303 1\u0301 \u20dd",
    "\u212b Å \u1e9b\u0323 ﬁ",
    "ตอนเช้าทะเล ภาษาไทย", "सुबह समुद्र हिन्दी", "البحر هادئ العربية", "海は静か 今天早上 漢字かな交じり文",
    "바다는 조용하고 \u1112\u1161\u11ab",
    "😀😀 👩‍🚀👩‍👩‍👧‍👦 🇫🇷 ❤️ ⛵", "\x00 \x00a\x01\x7f\x80\x9f",
    "\ue000\uf8ff \U000f0000\U0010fffd \U0010ffff\ufffe\uffff \u0378",
    "\ufffd \U0001c89a \u1c89 \ua7ce", "▁", "▁the▁sea ▁▁ x", " ▁ ▁", "<0x0A>", "x <0x0A><0xFF> <0x",
    "Ġthe Ċ ĠĠ", "\\n \\u0041 \"q\" /",
    "a" * 70, " " * 70 + "x", "\n" * 33, "=" * 65, "ha" * 40, "😀" * 20, "é" * 33, "海" * 17, "1" * 22,
    "the " * 12, "\u0301" * 9,
    "https://a.b/c?d=e&f=%20#g", "don’t “quote” … ― €5", "x\r", "\rx", "a\n b\n  c\n\n d ",
]


def spelled(tokenizer):
    """Texts with the tokenizer's own added tokens next to all kinds of text."""
    names = [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items())]
    texts = ["".join(names), " ".join(names)]
    for name in names:
        texts += [
            name, f"the{name}sea", f" {name} ", f"the  {name}\n\n the", f"{name[:-1]} {name}{name}",
            f"_{name}1 é{name}é"]
    return texts


def random_text(rng, names):
    parts = [
        "a", "the", " ", "  ", "\n", "'s", "1", "é", "海", "😀", "\u0301", ".", "▁", "\x00", "\t", "Sea", "สงบ", *names]
    return "".join(rng.choice(parts) for _ in range(rng.randrange(1, 14)))


def golden(tokenizer, seed, texts, spellings=60):
    rng = random.Random(seed)
    tokens = tokenizer.get_added_tokens_decoder()
    names = [token.content for token in tokens.values()]
    own = spelled(tokenizer)
    texts = texts + (own if len(own) <= spellings else own[:2] + rng.sample(own[2:], spellings - 2))
    texts += [random_text(rng, names) for _ in range(12)]
    lines = []
    for text in dict.fromkeys(texts):
        ids = {}
        for literal in [True, False]:
            tokenizer.encode_special_tokens = literal
            ids[literal] = tokenizer.encode(text, add_special_tokens=False).ids
        lines.append({
            "text": text, "ids": ids[True], "ids_specials": ids[False],
            "decoded": tokenizer.decode(ids[True], skip_special_tokens=True)})
    size = tokenizer.get_vocab_size()
    pools = [range(size), [*range(min(size, 270))], [*tokens, *range(min(size, 270))] if tokens else range(size)]
    for place in range(30):
        pool = pools[place % 3]
        ids = [rng.choice(pool) for _ in range(rng.randrange(1, 12))]
        # A run of one token, and a special token in the middle of something.
        if place % 5 == 0:
            ids[1:1] = [ids[0]] * 3
        if place % 4 == 0 and tokens:
            ids.insert(len(ids) // 2, rng.choice([*tokens]))
        lines.append({"decode": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def special(text, **options):
    return AddedToken(text, special=True, normalized=False, **options)


def trained(pre_tokenizer, size, characters=None, space=" ", **options):
    """A vocabulary and its merges, of bytes or of so many of the commonest characters."""
    tokenizer = Tokenizer(models.BPE())
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    if characters is None:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    else:
        # Chosen here, since the trainer breaks ties at random.
        counts = collections.Counter("".join(CORPUS).replace(" ", space))
        alphabet = sorted(counts, key=lambda c: (-counts[c], c))[:characters]
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False,
        min_frequency=2, **options)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def with_bytes(vocab, merges, first=("<unk>", "<s>", "</s>"), missing=()):
    """A vocabulary in Llama 2's order: control tokens, bytes, merged tokens, characters."""
    characters = [token for token in sorted(vocab, key=vocab.get) if len(token) == 1]
    merged = [a + b for a, b in merges]
    tokens = [*first, *(f"<0x{b:02X}>" for b in range(256) if b not in missing), *merged, *characters]
    return {token: place for place, token in enumerate(dict.fromkeys(tokens))}


def assembled(vocab, merges, **options):
    return Tokenizer(models.BPE(vocab=vocab, merges=merges, **options))


def llama2_normalizer():
    return normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])


def sentencepiece_decoder(*strip):
    return decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])


def template(name, identifier):
    return processors.TemplateProcessing(
        single=f"{name} $A", pair=f"{name} $A {name}:1 $B:1", special_tokens=[(name, identifier)])


def metaspace_vocabulary():
    return trained(pre_tokenizers.Metaspace(), 190, characters=90, space="▁")


def llama2():
    vocab, merges = metaspace_vocabulary()
    tokenizer = assembled(
        with_bytes(vocab, merges), merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer.normalizer = llama2_normalizer()
    tokenizer.decoder = sentencepiece_decoder(decoders.Strip(" ", 1, 0))
    tokenizer.add_special_tokens([special("<unk>"), special("<s>"), special("</s>")])
    tokenizer.post_processor = template("<s>", 1)
    return tokenizer


def mistral():
    """Mistral's later files: Metaspace for the first part of the text only, control tokens of its own."""
    vocab, merges = metaspace_vocabulary()
    controls = ("<unk>", "<s>", "</s>", "[INST]", "[/INST]")
    tokenizer = assembled(
        with_bytes(vocab, merges, controls), merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = sentencepiece_decoder(decoders.Strip(" ", 1, 0))
    tokenizer.add_special_tokens([special(name) for name in controls])
    tokenizer.post_processor = template("<s>", 1)
    return tokenizer


def metaspace(scheme, split, decoder_scheme, **options):
    def build():
        vocab, merges = metaspace_vocabulary()
        tokenizer = assembled(
            with_bytes(vocab, merges, **options), merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
        tokenizer.decoder = (
            decoders.Metaspace(prepend_scheme=decoder_scheme, split=split) if decoder_scheme
            else sentencepiece_decoder())
        tokenizer.add_special_tokens([special("<unk>"), special("<s>"), special("</s>")])
        return tokenizer
    return build


def byte_level(pre_tokenizer, specials, ignore_merges=False, size=420, post=None):
    """Byte-level BPE behind a pre-tokenizer that ends in `ByteLevel`."""
    def build():
        vocab, merges = trained(pre_tokenizer, size)
        if ignore_merges:
            # Tokens that no merge leads to: they count where they are a whole piece, and only there.
            for token in ["Ġsea", "gulls", "ĠĠĠ!", "zz", "123"]:
                vocab.setdefault(token, len(vocab))
        tokenizer = assembled(vocab, merges, ignore_merges=ignore_merges)
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([special(name) for name in specials])
        bos = tokenizer.token_to_id(specials[0])
        tokenizer.post_processor = post(specials[0], bos) if post else processors.ByteLevel(trim_offsets=False)
        return tokenizer
    return build


def split_bytes(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def llama3_post(name, identifier):
    return processors.Sequence([processors.ByteLevel(trim_offsets=False), template(name, identifier)])


def deepseek():
    """One pattern after another, as the Llama models of DeepSeek have it; `\\s+$` knows the end of each piece."""
    patterns = [r"[\r\n]", r"\s?[A-Za-zÀ-ÖØ-öø-ʯΑ-ωА-я]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", r"[一-龥ࠀ-一가-퟿]+"]
    return pre_tokenizers.Sequence([
        *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


SPACED = pre_tokenizers.Split(" ", "merged_with_next")

# Spellings within spellings, with and without blanks and word boundaries around them.
ADDED = [
    special("<x>"), special("<x><y>"), special("<y>z"), special("x>"), special("<L>", lstrip=True),
    special("<R>", rstrip=True), special("<LR>", lstrip=True, rstrip=True), special("sw", single_word=True),
    special("<W>", single_word=True, lstrip=True, rstrip=True),
    AddedToken("plain", special=False, normalized=False), AddedToken("norm al", special=False, normalized=True),
    AddedToken("é", special=False, normalized=True),
    AddedToken("the", special=False, normalized=False, single_word=True),
    AddedToken(" sp", special=False, normalized=True), AddedToken("<N>", special=True, normalized=True, rstrip=True),
    AddedToken("  ", special=False, normalized=False), AddedToken("\n\n", special=False, normalized=True),
]
ADDED_TEXTS = [
    "<x><y>z", "<x><x><y><y>z", "x><x", "a <L> b <R> c <LR> d", "\n\t <L>  <R> \u00a0\u3000<LR>\r\n x",
    "<L><L> <R> <R>", "sw", "a sw b", "asw swb",
    "sw sw,sw_sw-sw", "ésw sw\u0301 sw\u200d 1sw sw² ٣sw", "<W>", " <W> ", "a <W> b", "a<W>b ( <W> )",
    "plain plainplain xplain", "normal norm al norm  al",
    "the the,the thethe _the", "é é e\u0301", "a sp  sp   sp", "<N> <N>  x<N>\n", "    ", "\n\n\n\n\n",
    " \n\n  \n\n", "<x", "<LR", "▁sp norm▁al ▁é",
]


def added(build):
    def extended():
        tokenizer = build()
        tokenizer.add_special_tokens([token for token in ADDED if token.special])
        tokenizer.add_tokens([token for token in ADDED if not token.special])
        return tokenizer
    return extended


def unknowns(fuse):
    """Characters without bytes: what the vocabulary lacks is `<unk>`, or one for a whole run."""
    def build():
        vocab, merges = trained(SPACED, 170, characters=60)
        tokens = {token: place for place, token in enumerate(["<unk>", *sorted(vocab, key=vocab.get)])}
        tokenizer = assembled(tokens, merges, unk_token="<unk>", fuse_unk=fuse)
        tokenizer.pre_tokenizer = SPACED
        tokenizer.add_special_tokens([special("<unk>")])
        if fuse:
            tokenizer.decoder = decoders.Fuse()
        return tokenizer
    return build


def no_unknown():
    """Neither bytes nor an unknown token: what the vocabulary lacks is left out."""
    vocab, merges = trained(SPACED, 150, characters=50)
    return assembled(vocab, merges)


def split(*parts, decoder=None):
    """Merges across spaces and signs show where the pre-tokenizer has cut."""
    def build():
        vocab, merges = trained(None, 200, characters=64, max_token_length=6)
        tokens = {token: place for place, token in enumerate(["<unk>", *sorted(vocab, key=vocab.get)])}
        tokenizer = assembled(tokens, merges, unk_token="<unk>", fuse_unk=True)
        tokenizer.pre_tokenizer = parts[0] if len(parts) == 1 else pre_tokenizers.Sequence([*parts])
        if decoder:
            tokenizer.decoder = decoder
        return tokenizer
    return build


def stripping():
    """Normalizers that take blanks away and rewrite, and a decoder that does so at both ends.

    The library traps where `stop` finds a text without enough characters; a token has one at least.
    """
    vocab, merges = trained(None, 200, characters=64, max_token_length=6)
    tokens = {token: place for place, token in enumerate(["<unk>", *sorted(vocab, key=vocab.get)])}
    tokenizer = assembled(tokens, merges, unk_token="<unk>", fuse_unk=True)
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Strip(left=True, right=True), normalizers.Replace("don't", "do not"),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Prepend("a ")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Strip("a", 0, 1), decoders.Replace("th", "TH"), decoders.Fuse(), decoders.Strip(" ", 2, 0)])
    tokenizer.add_special_tokens([special("<unk>"), special("<s>")])
    return tokenizer


def cut(pattern, behavior, **options):
    return pre_tokenizers.Split(pattern, behavior, **options)


SMALL_TEXTS = TEXTS[:24] + [
    "a.b..c...d", "...", ".a.", "the sea, the; ropes!", "!a!!b!!!", "12ab34  cd5", "aB cD", "\n\na\nb\n",
    "the  sea   the", "é海😀 the ▁ x",
    "the " * 6, "." * 9, " " * 9, "1 22 333 4444", "-1- 2 -3",
]
LLAMA3_SPECIALS = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|start_header_id|>",
    "<|end_header_id|>", "<|eot_id|>"]

# name: (how it is built, further texts or other ones, whether merges are "a b")
STYLES = {
    "llama2": (llama2, TEXTS, True),
    "llama3": (byte_level(split_bytes(LLAMA3), LLAMA3_SPECIALS, ignore_merges=True, post=llama3_post), TEXTS
               + ["the sea", " sea", "gulls gull", "zz zzz", "123 1234", "   !"], False),
    "smollm": (byte_level(pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        TEXTS, True),
    "mistral": (mistral, TEXTS, False),
    "metaspace-always": (metaspace("always", True, "always"), TEXTS, True),
    "metaspace-never": (metaspace("never", True, "never"), SMALL_TEXTS, False),
    # Some bytes are missing: a character that needs one of them is unknown as a whole.
    "partial-bytes": (metaspace("first", True, None, missing={0x00, 0xF0, 0x81, 0xBF}), TEXTS, True),
    "gpt4o": (byte_level(split_bytes(GPT4O), ["<|begin_of_text|>", "<|eot|>"], ignore_merges=True), TEXTS, False),
    "tekken": (byte_level(split_bytes(TEKKEN), ["<s>", "</s>"]), TEXTS, False),
    "qwen2": (byte_level(split_bytes(QWEN2), ["<|endoftext|>"]), TEXTS, True),
    "deepseek": (byte_level(deepseek(), ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"]), TEXTS, True),
    "byte-level-prefix": (
        added(byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True), ["<s>"], size=360)),
        SMALL_TEXTS + ADDED_TEXTS, True),
    "added-llama2": (added(llama2), SMALL_TEXTS + ADDED_TEXTS, False),
    "added-mistral": (added(mistral), SMALL_TEXTS + ADDED_TEXTS, False),
    "added-unknown": (added(unknowns(False)), SMALL_TEXTS + ADDED_TEXTS, False),
    "unknown-fused": (unknowns(True), SMALL_TEXTS, False),
    "unknown-none": (no_unknown, SMALL_TEXTS, False),
    "split-removed": (split(cut(Regex(r"\s+"), "removed")), SMALL_TEXTS, False),
    "split-isolated": (split(cut(".", "isolated"), decoder=decoders.Fuse()), SMALL_TEXTS, False),
    "split-previous": (split(cut(" ", "merged_with_previous"), decoder=decoders.Fuse()), SMALL_TEXTS, False),
    "split-next": (split(cut(Regex(r"\p{P}"), "merged_with_next"), decoder=decoders.Fuse()), SMALL_TEXTS, False),
    "split-contiguous": (split(cut(Regex(r"[\s\p{P}]"), "contiguous")), SMALL_TEXTS, False),
    "split-inverted-removed": (split(cut(Regex(r"\p{L}+|\p{N}"), "removed", invert=True)), SMALL_TEXTS, False),
    "split-inverted-next": (split(cut(Regex(r"\p{L}+"), "merged_with_next", invert=True)), SMALL_TEXTS, False),
    "split-inverted-previous": (split(cut("the", "merged_with_previous", invert=True)), SMALL_TEXTS, False),
    "split-inverted-contiguous": (split(cut(Regex(r"[a-z]"), "contiguous", invert=True)), SMALL_TEXTS, False),
    "split-sequence": (split(cut("\n", "merged_with_previous"), cut(Regex(r" {2,}"), "removed"),
                             pre_tokenizers.Digits(individual_digits=False)), SMALL_TEXTS, False),
    "normalizers": (
        stripping, SMALL_TEXTS + ["don't", "  don't  ", "dondon't't", " \u3000a b\u2003", "a a a"], False),
}


def write_hugging_face(folder):
    for seed, (name, (build, texts, joined)) in enumerate(STYLES.items()):
        content = json.loads(build().to_str())
        if joined:
            content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
        (folder / f"{name}.golden.jsonl").write_text(golden(Tokenizer.from_file(str(path)), seed, texts))


def write_tiktoken(folder):
    vocab, _ = trained(split_bytes(LLAMA3), 512)
    # The byte that each of ByteLevel's characters stands for: those that print are themselves.
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printing]
    byte_of = {chr(byte): byte for byte in printing} | {chr(256 + i): byte for i, byte in enumerate(others)}
    merged = sorted((token for token in vocab if len(token) > 1), key=vocab.get)
    tokens = [bytes([byte]) for byte in printing + others] + [bytes(byte_of[c] for c in token) for token in merged]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    (folder / "tiny.model").write_text(
        "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items()))
    first = len(ranks)
    specials = {
        "<|begin_of_text|>": 0, "<|end_of_text|>": 1, "<|start_header_id|>": 6,
        "<|end_header_id|>": 7, "<|eot_id|>": 9}
    specials = {name: first + place for name, place in specials.items()}
    encoding = tiktoken.Encoding("tiny", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens=specials)

    def decode(ids):
        runs = [[]]
        for identifier in ids:
            runs.append([]) if identifier >= first else runs[-1].append(identifier)
        return "".join(map(encoding.decode, runs))

    rng = random.Random(3)
    names = [*specials]
    texts = TEXTS + ["".join(names)] + [f"the{name} sea {name}\n" for name in names]
    texts += ["<|eot_id", "<|eot_id|", "<|eot_id|>>", "<|<|eot_id|>"] + [random_text(rng, names) for _ in range(16)]
    lines = [
        {"text": text, "ids": ids, "ids_specials": encoding.encode(text, allowed_special="all"),
         "decoded": decode(ids)}
        for text in dict.fromkeys(texts) for ids in [encoding.encode_ordinary(text)]]
    for place in range(40):
        pool = [range(first), range(256), [*specials.values(), *range(256)]][place % 3]
        ids = [rng.choice(pool) for _ in range(rng.randrange(1, 12))]
        lines.append({"decode": ids, "decoded": decode(ids)})
    (folder / "tiny.golden.jsonl").write_text(
        "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def main():
    for name, write in [("HuggingFace", write_hugging_face), ("Tiktoken", write_tiktoken)]:
        (FIXTURES / name).mkdir(parents=True, exist_ok=True)
        write(FIXTURES / name)


main()
