import LlamaFiles
import LlamaJSON
import LlamaTensors

/// Reads one `.safetensors` file: a length, a JSON header, and tensors back to back.
///
/// Format: https://huggingface.co/docs/safetensors, whose validity rules are all enforced here.
package enum SafetensorsFile: TensorContainer {
    package static let name = "safetensors"
    package static let suffixes = [".safetensors"]

    /// Longest header that the format allows, in bytes.
    static let headerLimit = 100_000_000

    private static let damaged =
        "the file is damaged, or the program that wrote it is at fault: fetch it again"

    /// Whether a header length, then JSON, begin the file.
    package static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 8 && bytes[8] == UInt8(ascii: "{")
    }

    /// Maps the file and views its tensors; reads the header only.
    package static func open(_ path: String) throws(CheckpointError) -> TensorFile {
        let file = try mapFile(path)
        let header = try headerBytes(of: file)
        let dataStart = 8 + header.count
        let entries: [Entry]
        let metadata: [String: String]
        do throws(JSONError) {
            (entries, metadata) = try readEntries(
                JSONValue.parse(header, limits: JSONLimits(byteCount: headerLimit, depth: 8)))
        } catch {
            throw CheckpointError(error, in: path, bytes: header, at: "header", advice: damaged)
        }
        try checkSpans(entries, dataCount: file.bytes.count - dataStart, path: path)
        var tensors: [String: Tensor] = [:]
        tensors.reserveCapacity(entries.count)
        for entry in entries {
            tensors[entry.name] = try entry.tensor(in: file, dataStart: dataStart)
        }
        return TensorFile(path: path, container: self, tensors: tensors, metadata: metadata)
    }

    private static func headerBytes(of file: MappedFile) throws(CheckpointError) -> UnsafeRawBufferPointer {
        let bytes = file.bytes
        if let impostor = Impostor(bytes) {
            throw .invalid(
                file.path, expected: "safetensors", found: impostor.rawValue, advice: impostor.advice)
        }
        guard let length = bytes.integer(at: 0, as: UInt64.self) else {
            throw .invalid(
                file.path, "header length", expected: "8 bytes", found: "a file of \(bytes.count)",
                advice: "the file is cut off: fetch it again")
        }
        guard length <= UInt64(headerLimit) else {
            throw .invalid(
                file.path, "header length", expected: "at most \(headerLimit) bytes", found: "\(length)",
                advice: "this is not a safetensors file, or it is damaged: fetch it again")
        }
        guard Int(length) <= bytes.count - 8 else {
            throw .invalid(
                file.path, "header length", expected: "at most the \(bytes.count - 8) bytes that follow",
                found: "\(length)", advice: "the file is cut off: fetch it again")
        }
        guard length > 0, bytes[8] == UInt8(ascii: "{") else {
            throw .invalid(
                file.path, "header", expected: "JSON that begins with {",
                found: length == 0 ? "nothing" : "byte 0x\(String(bytes[8], radix: 16))",
                advice: "this is not a safetensors file, or it is damaged: fetch it again")
        }
        return UnsafeRawBufferPointer(rebasing: bytes[8..<8 + Int(length)])
    }

    private static func readEntries(
        _ header: JSONValue
    ) throws(JSONError) -> (entries: [Entry], metadata: [String: String]) {
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        for (key, value) in try header.members() {
            if key == "__metadata__" {
                for (key, text) in try value.members() { metadata[key] = try text.string() }
            } else {
                entries.append(try Entry(key: key, value: value))
            }
        }
        return (entries, metadata)
    }

    /// The spans must tile the data: from 0 to the end of the file, no hole, no overlap.
    private static func checkSpans(_ entries: [Entry], dataCount: Int, path: String) throws(CheckpointError) {
        var end = 0
        for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard entry.begin >= 0, entry.end >= entry.begin else {
                throw .invalid(
                    path, entry.name, expected: "offsets in order", found: "[\(entry.begin), \(entry.end)]",
                    advice: damaged)
            }
            guard entry.end <= dataCount else {
                throw .invalid(
                    path, entry.name, expected: "data inside the file (\(dataCount) bytes after the header)",
                    found: "offsets [\(entry.begin), \(entry.end)]",
                    advice: "the file is cut off: fetch it again")
            }
            guard entry.begin == end else {
                throw .invalid(
                    path, entry.name, expected: "data that begins at \(end), where the tensor before it ends",
                    found: entry.begin < end
                        ? "an overlap from \(entry.begin)" : "a hole up to \(entry.begin)",
                    advice: damaged)
            }
            end = entry.end
        }
        guard end == dataCount else {
            throw .invalid(
                path, "end of data", expected: "the file to end with its last tensor at \(end)",
                found: "\(dataCount - end) more bytes", advice: damaged)
        }
    }
}

extension SafetensorsFile {
    /// One tensor as the header describes it.
    private struct Entry {
        let name: String
        let dtype: String
        let shape: [Int]
        let begin: Int
        let end: Int

        init(key: String, value: JSONValue) throws(JSONError) {
            name = key
            dtype = try value.member("dtype").string()
            shape = try value.member("shape").ints()
            let offsets = try value.member("data_offsets").ints()
            guard offsets.count == 2 else {
                throw .wrongType(path: key, expected: "two data_offsets", found: "\(offsets.count)")
            }
            (begin, end) = (offsets[0], offsets[1])
        }

        func tensor(in file: MappedFile, dataStart: Int) throws(CheckpointError) -> Tensor {
            guard let dtype = DType(rawValue: dtype) else {
                throw .unsupported(
                    file.path, at: name, "dtype \(dtype)", advice: "convert it to F32, F16 or BF16")
            }
            guard
                let tensor = Tensor(
                    dtype: dtype, shape: shape, storage: file, byteOffset: dataStart + begin),
                tensor.byteCount == end - begin
            else {
                throw .invalid(
                    file.path, name, expected: "a shape that fills its \(end - begin) bytes",
                    found: "\(dtype.rawValue) \(shape)", advice: damaged)
            }
            return tensor
        }
    }
}
