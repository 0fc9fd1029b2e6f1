/// Unicode's properties as in the reference implementations.
///
/// Oniguruma and the `regex` crate in Hugging Face's tokenizers (0.23) have the tables of Unicode 16.0, and Swift's
/// standard library may have newer ones: a scalar that 16.0 lacks is unassigned here too. `Digits` in Hugging Face's
/// tokenizers are those of Rust's standard library, which has 17.0 (`tools/probe_oniguruma.py` shows all of this).
extension ScalarSet {
    private typealias Category = Unicode.GeneralCategory

    /// The general category of every scalar in Unicode 16.0; surrogates are unassigned.
    private static let categories: [Category] = {
        var categories = [Category](repeating: .unassigned, count: 0x110000)
        for value in 0..<UInt32(0x110000) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let category = scalar.properties.generalCategory
            guard category != .unassigned, let age = scalar.properties.age, (age.major, age.minor) <= (16, 0)
            else {
                continue
            }
            categories[Int(value)] = category
        }
        return categories
    }()

    private init(categories wanted: Set<Unicode.GeneralCategory>) {
        let categories = Self.categories
        self.init { wanted.contains(categories[Int($0)]) }
    }

    /// A general category by its short or long name, such as `L`, `Lu`, `Letter` or `Uppercase_Letter`; nil for any
    /// other property.
    init?(property name: String) {
        let key = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
        guard let categories = Self.categoryNames[key] else { return nil }
        switch key {
        // The most common ones need no table of categories, which takes longer to build than the vocabulary to load.
        case "l", "letter": self.init(bounds: ScalarClassRanges.letters)
        case "n", "number": self.init(bounds: ScalarClassRanges.numbers)
        default: self.init(categories: Set(categories))
        }
    }

    private init(bounds: [UInt32]) {
        self.init(ranges: stride(from: 0, to: bounds.count, by: 2).map { bounds[$0]...bounds[$0 + 1] })
    }

    /// `\s`.
    static let whiteSpace = ScalarSet(bounds: ScalarClassRanges.spaces)

    /// `\w` of Oniguruma: letters, marks, numbers and connecting punctuation.
    static let word = ScalarSet(
        categories: Set(["l", "m", "n", "pc"].flatMap { categoryNames[$0] ?? [] }))

    /// `\w` of the `regex` crate, which decides where a word ends for added tokens that are single words.
    static let wordOfAddedTokens: ScalarSet = {
        let categories = Self.categories
        let wanted = Set(["m", "nd", "pc"].flatMap { categoryNames[$0] ?? [] })
        return ScalarSet { value in
            let category = categories[Int(value)]
            guard category != .unassigned, let scalar = Unicode.Scalar(value) else { return false }
            return wanted.contains(category) || scalar.properties.isAlphabetic
                || scalar.properties.isJoinControl
        }
    }()

    /// Numbers in the sense of Rust's `char::is_numeric`: the general categories Nd, Nl and No of Swift's own
    /// tables.
    static let numeric = ScalarSet { value in
        guard let scalar = Unicode.Scalar(value) else { return false }
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    private static let categoryNames: [String: [Unicode.GeneralCategory]] = {
        let groups: [(names: [String], [(names: [String], Category)])] = [
            (
                ["l", "letter"],
                [
                    (["lu", "uppercaseletter"], .uppercaseLetter),
                    (["ll", "lowercaseletter"], .lowercaseLetter),
                    (["lt", "titlecaseletter"], .titlecaseLetter),
                    (["lm", "modifierletter"], .modifierLetter),
                    (["lo", "otherletter"], .otherLetter),
                ]
            ),
            (
                ["m", "mark"],
                [
                    (["mn", "nonspacingmark"], .nonspacingMark), (["mc", "spacingmark"], .spacingMark),
                    (["me", "enclosingmark"], .enclosingMark),
                ]
            ),
            (
                ["n", "number"],
                [
                    (["nd", "decimalnumber"], .decimalNumber), (["nl", "letternumber"], .letterNumber),
                    (["no", "othernumber"], .otherNumber),
                ]
            ),
            (
                ["p", "punctuation"],
                [
                    (["pc", "connectorpunctuation"], .connectorPunctuation),
                    (["pd", "dashpunctuation"], .dashPunctuation),
                    (["ps", "openpunctuation"], .openPunctuation),
                    (["pe", "closepunctuation"], .closePunctuation),
                    (["pi", "initialpunctuation"], .initialPunctuation),
                    (["pf", "finalpunctuation"], .finalPunctuation),
                    (["po", "otherpunctuation"], .otherPunctuation),
                ]
            ),
            (
                ["s", "symbol"],
                [
                    (["sm", "mathsymbol"], .mathSymbol), (["sc", "currencysymbol"], .currencySymbol),
                    (["sk", "modifiersymbol"], .modifierSymbol), (["so", "othersymbol"], .otherSymbol),
                ]
            ),
            (
                ["z", "separator"],
                [
                    (["zs", "spaceseparator"], .spaceSeparator), (["zl", "lineseparator"], .lineSeparator),
                    (["zp", "paragraphseparator"], .paragraphSeparator),
                ]
            ),
        ]
        var names: [String: [Category]] = ["cc": [.control], "control": [.control], "cf": [.format]]
        for (groupNames, members) in groups {
            for name in groupNames { names[name] = members.map(\.1) }
            for (memberNames, category) in members {
                for name in memberNames { names[name] = [category] }
            }
        }
        return names
    }()
}
