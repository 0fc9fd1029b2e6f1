import LlamaTensors
import LlamaCheckpoints
import LlamaConversion
import LlamaJSON

/// The output of `inspect --json`.
struct InspectionJSON {
    let path: String
    let report: CheckpointReport
    let tokenizer: TokenizerReport
    /// Whether to list every tensor.
    let tensors: Bool

    var value: JSONText {
        var members: [(String, JSONText)] = [
            ("path", .string(path)), ("opens", .bool(report.failure == nil)),
            ("error", string(report.failure?.description)), ("format", string(report.format)),
            ("family", family),
            (
                "parameters",
                .object([
                    ("total", .int(report.parameterCount)),
                    ("outside_embeddings", .int(report.nonEmbeddingCount)),
                ])
            ),
            ("dtypes", .array(report.dtypes.map(dtype))), ("files", .array(report.files.map(file))),
            ("cut", .object(report.cutCounts.map { ($0.name, .int($0.count)) })),
            ("configuration", configuration), ("row_order", string(report.rowOrder)),
            ("tokenizer", tokenizerObject),
            ("problems", .array((report.problems + tokenizer.problems).map { .string($0) })),
        ]
        if tensors { members.append(("tensors", .array(report.tensors.map(tensor)))) }
        return .object(members)
    }

    private func string(_ text: String?) -> JSONText { text.map { .string($0) } ?? .null }

    private func int(_ number: Int?) -> JSONText { number.map { .int($0) } ?? .null }

    private var family: JSONText {
        guard let family = report.family else { return .null }
        return .object([
            ("name", .string(family.name)), ("evidence", .array(family.evidence.map { .string($0) })),
        ])
    }

    private func dtype(_ share: CheckpointReport.DTypeShare) -> JSONText {
        .object([
            ("dtype", .string(share.dtype.rawValue)), ("tensors", .int(share.tensorCount)),
            ("bytes", .int(share.byteCount)),
        ])
    }

    private func file(_ file: CheckpointReport.File) -> JSONText {
        .object([
            ("name", .string(file.name)), ("bytes", int(file.byteCount)), ("tensors", int(file.tensorCount)),
        ])
    }

    private var configuration: JSONText {
        guard let configuration = report.configuration else { return .null }
        return .object(
            report.sources.map { source in
                let field = ConfigurationField(rawValue: source.name)
                let value = field.map(configuration.json) ?? .string(source.value)
                return (source.name, .object([("value", value), ("source", .string(source.source))]))
            })
    }

    private var tokenizerObject: JSONText {
        guard let name = tokenizer.file else { return .null }
        return .object([
            ("file", .string(name)), ("bytes", .int(tokenizer.byteCount)), ("kind", string(tokenizer.kind)),
            ("vocabulary", int(tokenizer.vocabularySize)), ("begin", token(tokenizer.begin)),
            ("end", token(tokenizer.end)), ("stop", .array(tokenizer.stop.map(token))),
        ])
    }

    private func token(_ token: TokenizerReport.Token?) -> JSONText {
        token.map { .object([("id", .int(Int($0.id))), ("name", .string($0.name))]) } ?? .null
    }

    private func tensor(_ tensor: TensorRecord) -> JSONText {
        .object([
            ("name", .string(tensor.name)), ("role", string(tensor.role.map(TensorNaming.meta.name))),
            ("dtype", .string(tensor.dtype.rawValue)), ("shape", .array(tensor.shape.map { .int($0) })),
            ("file", .string(tensor.file)), ("offset", int(tensor.offset)), ("bytes", .int(tensor.byteCount)),
            ("cut", string(tensor.cut.map(CheckpointReport.name))),
        ])
    }
}
