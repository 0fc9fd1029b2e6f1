import LlamaTensors

/// GGML's types of tensors, by the numbers that GGUF files use.
///
/// Source: `enum ggml_type` in llama.cpp's `ggml.h`; types that are not supported are here for error messages.
package enum GGMLType {
    /// Names by number, removed types included.
    private static let names = [
        "F32", "F16", "Q4_0", "Q4_1", "Q4_2", "Q4_3", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K",
        "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS",
        "I8", "I16", "I32", "I64", "F64", "IQ1_M", "BF16", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",
        "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4",
    ]

    /// The name of type `number`, for messages.
    package static func name(of number: UInt32) -> String {
        number < names.count ? names[Int(number)] : "number \(number)"
    }

    /// The type of this number, or nil for one that is not supported.
    package static func dtype(_ number: UInt32) -> DType? {
        number < names.count ? DType(rawValue: names[Int(number)]) : nil
    }

    /// The number of a type, or nil where GGML has no such type (U8, BOOL).
    package static func number(of dtype: DType) -> UInt32? {
        names.firstIndex(of: dtype.rawValue).map(UInt32.init)
    }
}
