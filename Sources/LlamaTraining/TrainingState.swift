import LlamaConversion
import LlamaFiles
import LlamaCheckpoints
import LlamaJSON
import LlamaKernels
import LlamaTensors

/// Everything needed to resume a run exactly where it was: weights, moments, step, options. One file, replaced
/// atomically.
struct TrainingState {
    static let fileName = "training.safetensors"
    private static let key = "training"

    var options: TrainingOptions
    var vocabularySize: Int
    var dataDigest: UInt64
    /// Type of the weights in the checkpoint.
    var dtype: DType
    /// Steps completed.
    var step = 0
    /// Lowest validation loss so far, and the step it was reached at.
    var best: (loss: Double, step: Int)?

    /// Writes the state into a folder. Before the first step it has no tensors: the weights follow from the seed.
    func write(_ parameters: ParameterSet, folder: String) throws(AtomicFile.Failure) {
        var entries: [SafetensorsWriter.Entry] = []
        for (prefix, matrix) in step > 0 ? TrainingState.arrays(parameters) : [] {
            for slice in parameters.slices {
                entries.append(
                    SafetensorsWriter.Entry(
                        name: prefix + TensorNaming.meta.name(of: slice.role), shape: slice.shape,
                        dtype: .float32,
                        values: { matrix.withSpan { span in slice.range.map { span[$0] } } }))
            }
        }
        try SafetensorsWriter.write(
            entries, metadata: [(TrainingState.key, json.serialized)],
            to: folder + "/" + TrainingState.fileName)
    }

    /// Reads a folder's state, except the weights.
    init(folder: String) throws(TrainingError) {
        let path = folder + "/" + TrainingState.fileName
        let file = try TrainingState.open(path)
        do throws(JSONError) {
            guard let text = file.metadata[TrainingState.key] else {
                throw .missingKey(TrainingState.key, path: "__metadata__")
            }
            let object = try Array(text.utf8).withUnsafeBufferPointer { text throws(JSONError) in
                try JSONValue.parse(UnsafeRawBufferPointer(text))
            }
            options = try TrainingOptions(try object.member("options"))
            vocabularySize = try object.member("vocab_size").int()
            let digest = try object.member("data_digest").string()
            guard let dataDigest = UInt64(digest, radix: 16) else {
                throw .wrongType(path: "data_digest", expected: "a hexadecimal number", found: digest)
            }
            let name = try object.member("dtype").string()
            guard let dtype = DType(rawValue: name), dtype.isFloat else {
                throw .wrongType(path: "dtype", expected: "F32, F16 or BF16", found: name)
            }
            self.dataDigest = dataDigest
            self.dtype = dtype
            step = try object.member("step").int()
            if let best = object["best"] {
                self.best = (try best.member("loss").double(), try best.member("step").int())
            }
        } catch {
            throw .invalidState(file: path, expected: error.expected, found: error.found, isMissing: false)
        }
        do {
            try options.validate()
        } catch {
            throw .invalidState(file: path, expected: "options of a run", found: "\(error)", isMissing: false)
        }
        guard (0...options.steps).contains(step) else {
            throw .invalidState(
                file: path, expected: "a step from 0 to \(options.steps)", found: "\(step)", isMissing: false)
        }
    }

    init(options: TrainingOptions, vocabularySize: Int, dataDigest: UInt64, dtype: DType) {
        self.options = options
        self.vocabularySize = vocabularySize
        self.dataDigest = dataDigest
        self.dtype = dtype
    }

    /// Copies weights and moments from a folder's state.
    static func restore(_ parameters: ParameterSet, folder: String) throws(TrainingError) {
        let path = folder + "/" + fileName
        let file = try open(path)
        for (prefix, matrix) in arrays(parameters) {
            for slice in parameters.slices {
                let name = prefix + TensorNaming.meta.name(of: slice.role)
                guard let tensor = file.tensors[name], tensor.shape == slice.shape,
                    let values = tensor.floats()
                else {
                    let found = file.tensors[name].map { "shape \($0.shape)" } ?? "no \(name)"
                    throw .invalidState(
                        file: path, expected: "\(name) of shape \(slice.shape)", found: found,
                        isMissing: false)
                }
                do { try matrix.rows(slice.range).copy(values) } catch {
                    throw .invalidState(
                        file: path, expected: "\(slice.range.count) numbers in \(name)", found: "\(error)",
                        isMissing: false)
                }
            }
        }
        do { try file.tensors.values.mappedFiles.checkUnchanged() } catch { throw .changedFile(error) }
    }

    private static func arrays(_ parameters: ParameterSet) -> [(prefix: String, matrix: FloatMatrix)] {
        [
            ("weights.", parameters.weights), ("first_moment.", parameters.firstMoments),
            ("second_moment.", parameters.secondMoments),
        ]
    }

    private static func open(_ path: String) throws(TrainingError) -> TensorFile {
        do {
            return try SafetensorsFile.open(path)
        } catch {
            let found = FilePath(path).isTaken ? "\(error)" : "no such file"
            throw .invalidState(
                file: path, expected: "the state of a run", found: found, isMissing: error.isMissingInput)
        }
    }

    private var json: JSONText {
        var members: [(String, JSONText)] = [
            ("options", options.json), ("vocab_size", .int(vocabularySize)),
            ("data_digest", .string(String(dataDigest, radix: 16))), ("dtype", .string(dtype.rawValue)),
            ("step", .int(step)),
        ]
        if let best {
            members.append(("best", .object([("loss", .double(best.loss)), ("step", .int(best.step))])))
        }
        return .object(members)
    }
}

/// The settings that a run was started with, read from its state.
package struct RunSettings: Sendable {
    /// Its options.
    package let options: TrainingOptions
    /// Type of the weights in its checkpoint.
    package let dtype: DType

    /// Reads the state in a folder.
    package init(folder: String) throws(TrainingError) {
        let state = try TrainingState(folder: folder)
        (options, dtype) = (state.options, state.dtype)
    }
}
