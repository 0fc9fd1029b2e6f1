import CCrypto

/// A running SHA-256 (FIPS 180-4), computed by libcrypto.
struct SHA256: ~Copyable {
    private let context: OpaquePointer
    /// Set when libcrypto refused a step, so that no digest of half the bytes is ever returned.
    private var hasFailed = false

    /// - Throws: ``ConversionError/digestUnavailable`` where libcrypto lacks memory or the algorithm.
    init() throws(ConversionError) {
        guard let context = EVP_MD_CTX_new() else { throw .digestUnavailable }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .digestUnavailable
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) != 1 { hasFailed = true }
    }

    /// Appends bytes.
    mutating func update(_ bytes: some Collection<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable {
            update(UnsafeRawBufferPointer($0))
        }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// The digest: 64 lowercase hexadecimal digits.
    consuming func finish() throws(ConversionError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard !hasFailed, EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .digestUnavailable }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
