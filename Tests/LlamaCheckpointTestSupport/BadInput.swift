import LlamaCheckpoints
import Testing

/// A broken checkpoint and the line that a user must see, with `DIR` for its folder.
///
/// The makers below put the path of the file they break before a message that does not begin with `DIR`.
struct BadInput: Sendable, CustomTestStringConvertible {
    let what: String
    let message: String
    /// What is opened: a file in the folder, or the folder.
    private let opened: String
    private let make: @Sendable () throws -> TemporaryFolder

    init(
        _ what: String, _ message: String, in file: String = "", opening opened: String = "",
        make: @escaping @Sendable () throws -> TemporaryFolder
    ) {
        self.what = what
        self.message = message.hasPrefix("DIR") ? message : "DIR/\(file): \(message)"
        self.opened = opened
        self.make = make
    }

    var testDescription: String { what }

    func check() throws {
        let found = try make().message(opened)
        #expect(found == message, "\(what)")
    }
}

extension BadInput {
    /// A `.pth` of a tiny model after `edit`.
    static func torch(
        _ what: String, _ message: String, edit: @escaping @Sendable (inout TorchBuilder) -> Void
    ) -> BadInput {
        BadInput(what, message, in: "consolidated.00.pth") {
            var writer = TorchBuilder(TinyModel().tensors(.meta))
            edit(&writer)
            return try .torch(writer.bytes)
        }
    }

    /// A `.pth` whose pickle consists of what `write` writes.
    static func pickle(
        _ what: String, _ message: String, write: @escaping @Sendable (inout PickleWriter) -> Void
    ) -> BadInput {
        BadInput(what, message, in: "consolidated.00.pth: consolidated/data.pkl") {
            var pickle = PickleWriter()
            write(&pickle)
            return try .torch(TorchBuilder(pickle: pickle.stop()).bytes)
        }
    }

    /// What errors say of a safetensors file whose header contradicts itself or its data.
    static let damaged = "the file is damaged, or the program that wrote it is at fault: fetch it again"

    /// A Hugging Face checkpoint whose safetensors file has this header and as many bytes of data.
    ///
    /// - Parameters:
    ///   - message: What the error says of the file.
    ///   - advice: What it advises; nil for nothing.
    static func safetensors(
        _ what: String, _ message: String, advice: String? = damaged, header: String, data: Int = 8
    ) -> BadInput {
        BadInput(what, message + (advice.map { "; " + $0 } ?? ""), in: "model.safetensors") {
            try .safetensors(
                SafetensorsBuilder.bytes(header: header, data: [UInt8](repeating: 0, count: data)))
        }
    }

    /// Meta's layout with another `params.json`.
    static func params(
        _ what: String, _ message: String, _ changes: KeyValuePairs<String, String?>
    ) -> BadInput {
        let params = TinyModel().params(changes)
        return BadInput(what, message, in: "params.json") { try .meta(TinyModel(), params) }
    }

    /// Hugging Face's layout with another `config.json`.
    static func config(
        _ what: String, _ message: String, _ changes: KeyValuePairs<String, String?>
    ) -> BadInput {
        let config = TinyModel().config(changes)
        return BadInput(what, message, in: "config.json") { try .huggingFace(TinyModel(), config) }
    }

    /// Meta's layout whose tensors went through `edit`.
    static func tensors(
        _ what: String, _ message: String, edit: @escaping @Sendable (inout [TestTensor]) -> Void
    ) -> BadInput {
        BadInput(what, message, in: "consolidated.00.pth") {
            var tensors = TinyModel().tensors(.meta)
            edit(&tensors)
            return try .torch(TorchBuilder(tensors).bytes)
        }
    }
}

extension TemporaryFolder {
    /// `params.json` of a tiny model beside these bytes as `consolidated.00.pth`.
    static func torch(_ bytes: [UInt8]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("params.json", TinyModel().params())
        try folder.write("consolidated.00.pth", bytes)
        return folder
    }

    /// `config.json` of a tiny model beside these bytes as `model.safetensors`.
    static func safetensors(_ bytes: [UInt8]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", TinyModel().config())
        try folder.write("model.safetensors", bytes)
        return folder
    }
}
