import LlamaCommands
import LlamaTensors
import LlamaJSON
import LlamaCheckpoints
import LlamaCommands
import LlamaConversion

/// The output of `inspect`, for a person.
struct InspectionText {
    let path: String
    let report: CheckpointReport
    let tokenizer: TokenizerReport
    /// Whether to list every tensor.
    let tensors: Bool

    var text: String {
        let head = [["path", path.oneLine()], ["format", report.format ?? "unknown"]] + family + size
        var lines = TextTable.lines(
            head + [["cut", report.cutSummary], ["tokenizer", tokenizerLine]] + tokens, indentation: 0)
        lines += section("files", files)
        if !report.sources.isEmpty { lines += section("configuration", configuration) }
        let problems = report.problems + tokenizer.problems
        lines += problems.isEmpty ? ["problems: none"] : ["problems"] + problems.map { "  " + $0.oneLine() }
        if tensors { lines += section("tensors", tensorRows) }
        return lines.joined(separator: "\n")
    }

    private func section(_ title: String, _ rows: [[String]]) -> [String] { [title] + TextTable.lines(rows) }

    private var family: [[String]] {
        guard let family = report.family else { return [["family", "unknown"]] }
        return [["family", family.name], ["", "by " + family.evidence.joined(separator: "; ")]]
    }

    private var size: [[String]] {
        let dtypes = report.dtypes.map { share in
            "\(share.dtype.rawValue) (\(share.tensorCount) tensors, \(Quantity.bytes(share.byteCount)))"
        }
        return [
            ["parameters", Quantity.parameters(report.parameterCount)],
            ["", "\(Quantity.parameters(report.nonEmbeddingCount)) outside the embeddings"],
            ["dtypes", dtypes.isEmpty ? "unknown" : dtypes.joined(separator: ", ")],
        ]
    }

    private var tokenizerLine: String {
        guard let file = tokenizer.file else { return "none" }
        let kind = tokenizer.kind ?? "not loadable"
        let ids = tokenizer.vocabularySize.map { ", \(Quantity.grouped($0)) ids" } ?? ""
        let size = tokenizer.byteCount > 0 ? ", \(Quantity.bytes(tokenizer.byteCount))" : ""
        return "\(file): \(kind)\(size)\(ids)"
    }

    private var tokens: [[String]] {
        guard tokenizer.vocabularySize != nil else { return [] }
        let groups = [("begin", tokenizer.begin), ("end", tokenizer.end)].compactMap { name, token in
            token.map { "\(name) \(text(of: $0))" }
        }
        let stop = tokenizer.stop.isEmpty ? [] : ["stop " + tokenizer.stop.map(text).joined(separator: " ")]
        return [["", (groups + stop).joined(separator: ", ")]]
    }

    private func text(of token: TokenizerReport.Token) -> String { "\(token.id) \(token.name.oneLine())" }

    private var files: [[String]] {
        report.files.map { file in
            let count = file.tensorCount.map { "\($0) tensors" } ?? "not readable"
            return [file.name.oneLine(), file.byteCount.map(Quantity.bytes) ?? "size unknown", count]
        }
    }

    private var configuration: [[String]] {
        report.sources.map { [$0.name, $0.value, $0.source.oneLine()] } + [
            ["q and k rows", report.rowOrder ?? "unknown", "names of the tensors"]
        ]
    }

    private var tensorRows: [[String]] {
        report.tensors.map { tensor in
            [
                tensor.name.oneLine(), tensor.dtype.rawValue, "\(tensor.shape)",
                tensor.cut.map(CheckpointReport.name) ?? "unknown", tensor.file.oneLine(),
                (tensor.offset.map { "at \($0)" } ?? "not in one piece"), "\(tensor.byteCount) bytes",
            ]
        }
    }
}

extension CheckpointReport {
    /// A cut as one word.
    static func name(_ cut: ShardCut) -> String {
        switch cut {
        case .whole: "whole"
        case .rows: "rows"
        case .columns: "columns"
        }
    }

    /// How many weights have each cut.
    var cutCounts: [(name: String, count: Int)] {
        [ShardCut.whole, .rows, .columns].map { cut in
            (CheckpointReport.name(cut), Set(tensors.filter { $0.cut == cut }.map(\.name)).count)
        }
    }

    fileprivate var cutSummary: String {
        let counts = cutCounts.filter { $0.count > 0 }
        if counts.isEmpty { return "unknown" }
        if counts.count == 1 { return "none: every tensor is whole" }
        let parts =
            counts.dropFirst().map { "\($0.count) by \($0.name)" } + ["\(counts[0].count) \(counts[0].name)"]
        return "in \(files.count): " + parts.joined(separator: ", ")
    }

    /// Which rows of q and k form a rotated pair.
    var rowOrder: String? {
        switch configuration?.ropeLayout {
        case .interleaved: "interleaved (Meta)"
        case .halves: "halves (Hugging Face)"
        case nil: nil
        }
    }
}
