import LlamaTensors

/// The dtype of every matrix of a model for which one dtype was asked. Conversion and loading share this rule, so that
/// both give the same model.
///
/// With Q4_K, the output head is Q6_K, and so is an embedding that is tied to it, as in llama.cpp's mixes
/// (`llama_tensor_get_type_impl` in `llama-quant.cpp`); every other matrix has the dtype that was asked for, as with
/// `llama-quantize --pure`. Where the rows of a matrix are not whole blocks, it falls back to another dtype as there
/// (`tensor_type_fallback`): Q4_K to Q5_0, Q6_K to Q8_0, and to F16 where they are not whole blocks of that either.
package struct QuantizationRule: Sendable {
    /// What was asked for; for a dtype without blocks, the rule is that every matrix has it.
    package let dtype: DType
    /// Whether the embedding is the output head, too.
    package let tiesEmbeddings: Bool

    /// The rule for a model whose embedding is tied to its output head, or not.
    package init(_ dtype: DType, tiesEmbeddings: Bool) {
        (self.dtype, self.tiesEmbeddings) = (dtype, tiesEmbeddings)
    }

    /// The dtype that a role is to have.
    package func intended(for role: TensorRole) -> DType {
        let isHead = role == .output || role == .tokEmbeddings && tiesEmbeddings
        return dtype == .q4_K && isHead ? .q6_K : dtype
    }

    /// The dtype that a role has.
    ///
    /// - Parameter shape: Of the whole tensor. One that is not a matrix has the dtype intended for it.
    package func dtype(of role: TensorRole, shape: [Int]) -> DType {
        let intended = intended(for: role)
        guard shape.count > 1, let width = shape.last else { return intended }
        func fits(_ dtype: DType) -> Bool { width.isMultiple(of: dtype.blockCount) }
        let narrower: DType =
            switch intended {
            case .q4_K: .q5_0
            case .q6_K: .q8_0
            default: intended
            }
        return fits(intended) ? intended : fits(narrower) ? narrower : .float16
    }

    /// A matrix whose rows are not whole blocks of the dtype intended for it.
    package struct Fallback: Sendable {
        package let name: String
        package let intended: DType
        package let dtype: DType
        package let columnCount: Int

        /// Nil for a tensor that has the dtype intended for it.
        package init?(_ name: String, _ role: TensorRole, shape: [Int], by rule: QuantizationRule) {
            (intended, dtype) = (rule.intended(for: role), rule.dtype(of: role, shape: shape))
            guard dtype != intended else { return nil }
            (self.name, columnCount) = (name, shape.last ?? 1)
        }
    }

    /// A line about the matrices that fell back, for every length of rows.
    ///
    /// - Parameter verb: What was done with them, such as `written`.
    package static func notes(_ fallbacks: [Fallback], verb: String) -> [String] {
        let groups = Dictionary(grouping: fallbacks) {
            "\($0.intended.rawValue) \($0.columnCount)"
        }
        return groups.values.sorted { ($0[0].columnCount, $0.count) < ($1[0].columnCount, $1.count) }.map {
            let first = $0[0]
            return named($0.map(\.name)) + " \(verb) as \(first.dtype.rawValue): "
                + "\(first.intended.rawValue) stores \(first.intended.blockCount) weights of a row together, "
                + "and the rows have \(first.columnCount)"
        }
    }

    /// `x is`, or `2 tensors, such as x, are`.
    package static func named(_ names: [String]) -> String {
        guard let first = names.first, names.count > 1 else { return (names.first ?? "no tensor") + " is" }
        return "\(names.count) tensors, such as \(first), are"
    }
}
