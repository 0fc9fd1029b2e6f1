import LlamaCommands
import LlamaJSON
import LlamaTokenizers

/// The outcome of a comparison, as lines for a person.
struct ComparisonReport {
    let paths: (String, String)
    let tokenizers: (any Tokenizer, any Tokenizer)
    let vocabulary: VocabularyComparison
    let texts: TextComparison
    /// The file with the texts; nil for the built-in ones.
    let source: String?

    /// How many differing tokens are shown; the rest is counted.
    private static let shownTokens = 5
    /// Ids shown before and from the first difference.
    private static let shownIDs = (before: 3, after: 5)

    var lines: [String] {
        ["A  \(paths.0.oneLine())", "B  \(paths.1.oneLine())", ""] + sizeLines + tokenLines + specialLines
            + idLines + decodedLines
    }

    private var sizeLines: [String] {
        let sizes = vocabulary.sizes
        let isSame = sizes.first == sizes.second
        return [
            heading(
                "vocabulary", isSame,
                isSame ? "\(sizes.first) ids" : "A has \(sizes.first) ids, B \(sizes.second)")
        ]
    }

    private var tokenLines: [String] {
        let ids = vocabulary.differingIDs
        let common = min(vocabulary.sizes.first, vocabulary.sizes.second)
        guard !ids.isEmpty else {
            let isAll = vocabulary.sizes.first == vocabulary.sizes.second
            return [heading("tokens", true, isAll ? "all \(common)" : "the \(common) that both have")]
        }
        var lines = [heading("tokens", false, "\(ids.count) of \(common)")]
        let cells = ids.prefix(Self.shownTokens).map { id in
            ["\(id)", "A", description(id, tokenizers.0), "B", description(id, tokenizers.1)]
        }
        lines += TextTable.lines(cells, indentation: 4, rightAligned: [0])
        if ids.count > Self.shownTokens { lines.append("    and \(ids.count - Self.shownTokens) more") }
        return lines
    }

    /// A token's kind and piece.
    private func description(_ id: Int32, _ tokenizer: any Tokenizer) -> String {
        let kind = tokenizer.kind(of: id).map { "\($0)" } ?? "none"
        return "\(kind) \(PieceList.piece(id, of: tokenizer))"
    }

    private var specialLines: [String] {
        let isSame = vocabulary.hasSameSpecialTokens
        let known = vocabulary.roles.map { "\($0.name) \(list($0.ids.first, tokenizers.0))" }
        var lines = [heading("special tokens", isSame, isSame ? known.joined(separator: ", ") : "")]
        lines += TextTable.lines(
            vocabulary.roles.filter { !$0.isSame }.map {
                [$0.name, "A", list($0.ids.first, tokenizers.0), "B", list($0.ids.second, tokenizers.1)]
            }, indentation: 4)
        for (names, owner) in [(vocabulary.namesOfOne.first, "A"), (vocabulary.namesOfOne.second, "B")] {
            guard !names.isEmpty else { continue }
            let shown = names.prefix(Self.shownTokens).map(PieceList.readable).joined(separator: " ")
            let rest = names.count - Self.shownTokens
            lines.append("    only in \(owner): \(shown)" + (rest > 0 ? " and \(rest) more" : ""))
        }
        return lines
    }

    private func list(_ ids: [Int32], _ tokenizer: any Tokenizer) -> String {
        ids.isEmpty
            ? "none" : ids.map { "\($0) \(PieceList.piece($0, of: tokenizer))" }.joined(separator: " ")
    }

    private var idLines: [String] {
        guard let difference = texts.firstIDDifference else {
            return [heading("ids", true, "of \(texts.count) \(unit)")]
        }
        let first = difference.commonCount
        let start = max(0, first - Self.shownIDs.before)
        let end = min(max(difference.first.count, difference.second.count), first + Self.shownIDs.after)
        let cells = (start..<end).map { index in
            [
                index == first ? ">" : "", "\(index + 1)", cell(difference.first, index, tokenizers.0).id,
                cell(difference.first, index, tokenizers.0).piece,
                cell(difference.second, index, tokenizers.1).id,
                cell(difference.second, index, tokenizers.1).piece,
            ]
        }
        return [
            heading("ids", false, "of \(texts.idDifferenceCount) of \(texts.count) \(unit)"),
            "    first in \(difference.source), from token \(first + 1) on: \(excerpt(of: difference))",
        ]
            + TextTable.lines(
                [["", "token", "A", "", "B", ""]] + cells, indentation: 4, rightAligned: [1, 2, 4])
    }

    private func cell(
        _ ids: [Int32], _ index: Int, _ tokenizer: any Tokenizer
    ) -> (id: String, piece: String) {
        guard ids.indices.contains(index) else { return ("", index == ids.count ? "(end)" : "") }
        return ("\(ids[index])", PieceList.piece(ids[index], of: tokenizer))
    }

    /// The text around the first difference, as a JSON string.
    private func excerpt(of difference: TextComparison.IDDifference) -> String {
        // The position in the text is close to the length of what the ids before it decode to.
        let before = tokenizers.0.decode(Array(difference.first.prefix(difference.commonCount)))
        return Excerpt.around(before.unicodeScalars.count, in: difference.text)
    }

    private var decodedLines: [String] {
        guard let difference = texts.firstDecodedDifference else {
            return [heading("decoded text", true, "of the ids that A has for them")]
        }
        let position = zip(difference.first.unicodeScalars, difference.second.unicodeScalars)
            .prefix { $0 == $1 }.count
        return [
            heading("decoded text", false, "for \(texts.decodedDifferenceCount) of \(texts.count) \(unit)"),
            "    first for A's ids of \(difference.source)",
            "    A  \(Excerpt.around(position, in: difference.first))",
            "    B  \(Excerpt.around(position, in: difference.second))",
        ]
    }

    private var unit: String { source.map { "lines of \($0.oneLine())" } ?? "built-in texts" }

    private func heading(_ name: String, _ isSame: Bool, _ detail: String) -> String {
        let line = TextTable.padded(name, 16) + TextTable.padded(isSame ? "same" : "DIFFERENT", 11) + detail
        return detail.isEmpty ? String(line.reversed().drop { $0 == " " }.reversed()) : line
    }
}
