import LlamaTensors
import LlamaCheckpoints
import LlamaConversion
import LlamaJSON

/// The output of `diff --json`.
struct DifferenceJSON {
    let paths: (String, String)
    let checkpoints: (Checkpoint, Checkpoint)
    let comparison: CheckpointComparison
    let isSame: Bool

    var value: JSONText {
        .object([
            ("a", .string(paths.0)), ("b", .string(paths.1)), ("same", .bool(isSame)),
            ("configuration", .array(comparison.fields.map(field))),
            ("summary", .object(comparison.counts.map { ($0.key, .int($0.count)) })),
            ("tensors", .array(comparison.entries.map(tensor))),
        ])
    }

    private func string(_ text: String?) -> JSONText { text.map { .string($0) } ?? .null }

    private func field(_ field: CheckpointComparison.FieldDifference) -> JSONText {
        .object([
            ("name", .string(field.field.rawValue)),
            ("a", checkpoints.0.configuration.json(field.field)),
            ("b", checkpoints.1.configuration.json(field.field)),
            ("matters", .bool(field.matters)),
        ])
    }

    private func tensor(_ entry: CheckpointComparison.Entry) -> JSONText {
        var members: [(String, JSONText)] = [
            ("name", .string(TensorNaming.meta.name(of: entry.role))),
            ("outcome", .string(entry.outcome.key)),
            ("a", string(entry.dtypes.first?.rawValue)), ("b", string(entry.dtypes.second?.rawValue)),
            ("shape", .array(entry.shape.map { .int($0) })),
        ]
        switch entry.outcome {
        case .shapes(let first, let second):
            members.append(("shapes", .array([first, second].map { .array($0.map { .int($0) }) })))
        case .differs(let difference): members += self.members(of: difference)
        default: break
        }
        return .object(members)
    }

    private func members(of difference: TensorDifference) -> [(String, JSONText)] {
        let first: JSONText =
            difference.firstElement.map { element in
                .object([
                    ("row", .int(element.row)), ("column", .int(element.column)),
                    ("a", .float(element.first)),
                    ("b", .float(element.second)),
                ])
            } ?? .null
        return [
            ("count", .int(difference.count)), ("odd", .int(difference.oddCount)),
            ("ulps", .double(difference.ulps)), ("unit", .string(difference.unit.rawValue)),
            ("absolute", .double(difference.largestAbsolute)),
            ("relative", .double(difference.largestRelative)), ("first", first),
        ]
    }
}

extension TensorOutcome {
    /// The outcome as one word.
    fileprivate var key: String {
        switch self {
        case .identical: "identical"
        case .equalAfterCast: "equal_after_cast"
        case .differs: "different"
        case .shapes: "shape"
        case .missingInFirst: "missing_in_a"
        case .missingInSecond: "missing_in_b"
        }
    }
}
