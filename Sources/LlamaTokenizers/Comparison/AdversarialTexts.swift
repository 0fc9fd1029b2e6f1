/// Texts on which tokenizers that agree on prose have been seen to differ.
package let adversarialTexts: [String] =
    plainTexts + whiteSpaceTexts + unicodeTexts + hostileTexts + longTexts

// No literal may hold them.
private let nonCharacters = String(
    decoding: [0xFDD0, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF] as [UInt32], as: UTF32.self)

private let plainTexts = [
    "", "a", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "I'm you're we've he'd she'll it's don't I'M YOU'RE WE'VE HE'D SHE'LL IT'S DON'T 'tis 's'S\u{2019}s",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 1e-9 0x1F 2026-11-21T09:30:00Z",
    "snake_case camelCase PascalCase kebab-case SCREAMING_SNAKE a1b2c3 x86_64",
    "https://example.org/a?b=c&d=%20#e user@example.org /usr/lib/../bin C:\\Users\\x",
    "func f(_ x: Int) -> Int {\n\treturn x * 2 // twice\n}\n\n\nif (a&&b||!c) { d[0]+=1; }",
    "!!! ??? ... --- *** ((())) [[[]]] {{{}}} <<<>>> \"'`~@#$%^&|=+;:,",
]

private let whiteSpaceTexts = [
    " ", "  ", "   ", " a", "a ", "  a  b   c    ", "\n", "\n\n", " \n", "\n ", " \n \n a", "\r", "\r\n",
    "a\r\nb\r\n\r\nc", "\t", "\t\t a", " \t \n \r\n \u{0B}\u{0C} x",
    "a\u{85}b\u{A0}c\u{1680}d\u{2000}e\u{2003}f\u{2009}g\u{200A}h\u{2028}i\u{2029}j\u{202F}k\u{205F}l\u{3000}m",
    "\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}", "\u{FEFF}a", "trailing \u{3000}", "1 \n2  \n\n3\n   4",
]

private let unicodeTexts = [
    "Où est la bibliothèque? Größe, straße, İstanbul, ıi, ﬁne, ǅ, ſ",
    "e\u{301} é o\u{308} ö A\u{30A} Å \u{212B}",
    "\u{301}", "a\u{300}\u{301}\u{302}\u{303}\u{304}", "1\u{20E3} Z\u{335}\u{336}a\u{489}lgo",
    "Привет, мир! Ελληνικά· Հայերեն ქართული", "שָׁלוֹם عَلَيْكُمُ السَّلَام ۱۲۳ ܫܠܡܐ",
    "नमस्ते दुनिया বাংলা தமிழ் తెలుగు ไทยภาษา ລາວ မြန်မာ ខ្មែរ བོད་ཡིག",
    "你好，世界！漢字カタカナひらがな　한국어 조선말 \u{1112}\u{1161}\u{11AB} 㐀 𠀀 𪚥",
    "😀😀 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 👍🏽 ❤️ ☺ ©™ 🅰", "① ½ ² ₃ Ⅷ ٣ ३ 𝟘 一二三 ｆｕｌｌ ｗｉｄｔｈ １２３",
    "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋ ∑ ∫ √2 ≈ 1.41 ± ∞ → ⇒ 𝔸𝕓𝒸", "ꙮ ሰላም ᏣᎳᎩ ᐃᓄᒃᑎᑐᑦ ᠮᠣᠩᠭᠣᠯ 𐍈 𒀀 𓀀 𞤀",
    "\u{378}\u{E000}\u{F8FF}\u{FFFD}\u{E0001}", nonCharacters,
    "\u{AD}\u{61C}\u{200E}\u{202E}\u{2066}\u{FE0F}\u{180E}",
]

private let hostileTexts = [
    "\u{0}", "a\u{0}b", "\u{1}\u{2}\u{1B}[0m\u{7F}\u{80}\u{9F}", "▁", "▁▁a▁b ▁ ▁", "Ġ Ċ ĉ Â Ġthe",
    "<0x0A><0xE4>",
    "<s>", "a<s>b</s> <unk><pad>", " <s> </s> ", "[INST] <<SYS>> x <</SYS>> [/INST]",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|end_of_text|>",
    "<|finetune_right_pad_id|><|python_tag|><|eom_id|><|reserved_special_token_0|><|endoftext|>",
    "<|begin_of_text", "|><|eot_id|", "<|EOT_ID|>", "<<s>>", "\\n\\u0041 \\",
]

private let longTexts = [
    String(repeating: "a", count: 5_000), String(repeating: " ", count: 5_000),
    String(repeating: "\n", count: 1_000), String(repeating: "ab", count: 1_000),
    String(repeating: "1", count: 1_000), String(repeating: "-=", count: 500),
    String(repeating: "é", count: 500), String(repeating: "😀", count: 500),
    String(repeating: "漢", count: 500), String(repeating: "the end ", count: 500),
]
