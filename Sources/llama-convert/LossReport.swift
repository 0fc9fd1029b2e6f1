import LlamaCheckpoints
import LlamaConversion
import LlamaTensors

/// The effect of a change of dtype on the values, for a person.
struct LossReport {
    private let entries: [(entry: ConversionRecord.Entry, loss: ConversionLoss)]

    init(_ record: ConversionRecord) {
        entries = record.entries.compactMap { entry in entry.loss.map { (entry, $0) } }
    }

    /// A line for every tensor that was changed, then one for every dtype.
    var lines: [String] {
        let rows = entries.filter { !$0.loss.isNone }.map { entry, loss in
            [
                entry.name, "\(Quantity.grouped(loss.changed)) of \(Quantity.grouped(loss.count)) changed",
                "at most \(Quantity.rounded(loss.largestRelativeError)) of the value",
            ] + Self.ends(loss)
        }
        return Table.lines(rows) + dtypes.map(summary)
    }

    /// The line that is printed even with `--quiet`: values that became infinite or zero. Nil if none did.
    var gone: String? {
        let sum = sum(entries.map(\.loss))
        let ends = Self.ends(sum, place(of: entries))
        guard !ends.isEmpty else { return nil }
        return "of \(Quantity.grouped(sum.count)) values, " + ends.joined(separator: " and ")
    }

    private var dtypes: [DType] {
        var dtypes: [DType] = []
        for (entry, _) in entries where !dtypes.contains(entry.dtype) { dtypes.append(entry.dtype) }
        return dtypes
    }

    private func summary(_ dtype: DType) -> String {
        let entries = entries.filter { $0.entry.dtype == dtype }
        let sum = sum(entries.map(\.loss))
        let name = DTypeOption.allCases.first { $0.dtype == dtype }?.rawValue ?? dtype.rawValue
        let start = "\(entries.count) \(entries.count == 1 ? "tensor" : "tensors") converted to \(name): "
        guard !sum.isNone else { return start + "no value changed" }
        return start + "\(Quantity.grouped(sum.changed)) of \(Quantity.grouped(sum.count)) values changed, "
            + "by at most \(Quantity.rounded(sum.largestRelativeError)) of the value"
            + Self.ends(sum, place(of: entries)).map { "; " + $0 }.joined()
    }

    /// What became of values that kept nothing of what they were.
    private static func ends(_ loss: ConversionLoss, _ place: String = "") -> [String] {
        [(loss.overflowed, "infinite" + place), (loss.underflowed, "0")].filter { $0.0 > 0 }
            .map { "\(Quantity.grouped($0.0)) became \($0.1)" }
    }

    /// Where values became infinite, or most of them did.
    private func place(
        of entries: [(entry: ConversionRecord.Entry, loss: ConversionLoss)]
    ) -> String {
        let infinite = entries.filter { $0.loss.overflowed > 0 }
        guard let most = infinite.max(by: { $0.loss.overflowed < $1.loss.overflowed }) else { return "" }
        return (infinite.count > 1 ? ", most in " : " in ") + most.entry.name
    }

    private func sum(_ losses: [ConversionLoss]) -> ConversionLoss {
        losses.reduce(into: ConversionLoss()) { $0.add($1) }
    }
}
