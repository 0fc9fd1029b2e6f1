import LlamaCommands
import LlamaCheckpoints
import LlamaCommands
import LlamaConversion
import LlamaTensors

/// The effect of a change of dtype on the values, for a person.
struct LossReport {
    private let entries: [ConversionRecord.Entry]

    init(_ record: ConversionRecord) { entries = record.entries }

    /// What became of the tensors, in a line such as `quantized 155 tensors to Q8_0 (RMS error 0.00012), kept 45 as F32`;
    /// nil where every tensor kept its dtype.
    var summary: String? {
        guard entries.contains(where: { $0.dtype != $0.sourceDType }) else { return nil }
        let groups = Change.allCases.flatMap { change in
            dtypes.compactMap { dtype in
                let those = entries.filter { $0.dtype == dtype && Change($0) == change }
                return those.isEmpty ? nil : (change, dtype, those)
            }
        }
        return groups.enumerated().map { index, group in
            let (change, dtype, those) = group
            let noun = index > 0 ? "" : those.count == 1 ? " tensor" : " tensors"
            let details = Self.details(those, change)
            return
                "\(change.rawValue) \(those.count)\(noun) \(change == .kept ? "as" : "to") \(dtype.rawValue)"
                + (details.isEmpty ? "" : " (" + details.joined(separator: "; ") + ")")
        }.joined(separator: ", ")
    }

    /// A line for every tensor whose values changed.
    var tensors: [String] {
        let rows = entries.compactMap { entry -> [String]? in
            guard let loss = entry.loss, !loss.isNone || loss.isDamage else { return nil }
            return [
                entry.name, entry.dtype.rawValue,
                "\(Quantity.grouped(loss.changed)) of \(Quantity.grouped(loss.count)) changed",
                "RMS error \(Quantity.rounded(Float(loss.rootMeanSquareError)))",
                "at most \(Quantity.rounded(loss.largestRelativeError)) of the value",
            ] + Self.ends(loss, isQuantized: false)
        }
        return TextTable.lines(rows)
    }

    /// What is printed even with `--quiet`: values that became infinite, zero or something else altogether. Nil if none
    /// did.
    var gone: String? {
        let ends = Change.allCases.flatMap { change in
            Self.ends(of: entries.filter { Change($0) == change }, change, changedOnly: true)
        }
        guard !ends.isEmpty else { return nil }
        let count = entries.reduce(0) { $0 + ($1.loss?.count ?? 0) }
        return "of \(Quantity.grouped(count)) values, " + ends.joined(separator: " and ")
    }

    /// What happened to a tensor.
    private enum Change: String, CaseIterable {
        case quantized, converted, kept

        init(_ entry: ConversionRecord.Entry) {
            self =
                entry.dtype == entry.sourceDType ? .kept : entry.dtype.isBlockFormat ? .quantized : .converted
        }
    }

    private var dtypes: [DType] {
        var dtypes: [DType] = []
        for entry in entries where !dtypes.contains(entry.dtype) { dtypes.append(entry.dtype) }
        return dtypes
    }

    private static func details(_ entries: [ConversionRecord.Entry], _ change: Change) -> [String] {
        let sum = sum(entries)
        guard change != .kept else { return ends(of: entries, change) }
        guard !sum.isNone else { return ["no value changed"] + ends(of: entries, change) }
        return ["RMS error \(Quantity.rounded(Float(sum.rootMeanSquareError)))"] + ends(of: entries, change)
    }

    private static func ends(
        of entries: [ConversionRecord.Entry], _ change: Change, changedOnly: Bool = false
    ) -> [String] {
        let sum = sum(entries)
        return (changedOnly || sum.nonFinite == 0 ? [] : ["\(Quantity.grouped(sum.nonFinite)) not finite"])
            + ends(sum, isQuantized: change == .quantized, worstTensor(of: entries))
    }

    /// What became of values that kept nothing of what they were. That quantization makes small values 0 is expected.
    private static func ends(
        _ loss: ConversionLoss, isQuantized: Bool, _ place: String = ""
    ) -> [String] {
        let infinite = isQuantized ? "infinite or not a number" : "infinite"
        let ends = [
            (loss.becameFinite, "became finite"), (loss.overflowed, "became \(infinite)" + place),
            (isQuantized ? 0 : loss.underflowed, "became 0"),
        ]
        return ends.filter { $0.0 > 0 }.map { "\(Quantity.grouped($0.0)) \($0.1)" }
    }

    /// Where values became infinite, or most of them did.
    private static func worstTensor(of entries: [ConversionRecord.Entry]) -> String {
        let infinite = entries.filter { ($0.loss?.overflowed ?? 0) > 0 }
        guard let most = infinite.max(by: { $0.loss?.overflowed ?? 0 < $1.loss?.overflowed ?? 0 }) else {
            return ""
        }
        return (infinite.count > 1 ? ", most in " : " in ") + most.name
    }

    private static func sum(_ entries: [ConversionRecord.Entry]) -> ConversionLoss {
        entries.reduce(into: ConversionLoss()) { sum, entry in if let loss = entry.loss { sum.add(loss) } }
    }
}
