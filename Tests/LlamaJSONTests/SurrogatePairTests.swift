import Testing

@testable import LlamaJSON

@Suite struct SurrogatePairTests {
    static let cases: [(text: String, scalars: [UInt32])] = [
        (#""\ud83d\ude00""#, [0x1F600]),
        (#""\ud836\udc23""#, [0x1D823]),
        (#""a\uDA76\uDE87\\ud836\udc23""#, [0x61, 0xADA87, 0x5C, 0x75, 0x64, 0x38, 0x33, 0x36, 0xFFFD]),
        (#""\ud836 \udc23""#, [0xFFFD, 0x20, 0xFFFD]),
        (#""\ud836\udc2""#, []),
    ]

    @Test(arguments: cases.indices)
    func readsEveryEscapedPair(_ index: Int) throws {
        let (text, scalars) = Self.cases[index]
        let value = Array(text.utf8).withUnsafeBytes { try? JSONValue.parse($0).string() }
        #expect(value.map { $0.unicodeScalars.map(\.value) } ?? [] == scalars)
    }
}
