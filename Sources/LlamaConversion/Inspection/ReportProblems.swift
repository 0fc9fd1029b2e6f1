import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// What is unusual about a checkpoint that opens.
struct ReportProblems {
    /// The checkpoint's folder.
    let folder: String
    /// Paths of its weight files.
    let files: [String]
    /// Its format.
    let format: CheckpointFormat
    /// The dtypes of its tensors.
    let dtypes: [CheckpointReport.DTypeShare]

    /// One line each. What cannot be read is a problem too.
    var lines: [String] {
        do throws(CheckpointError) {
            let config = try config()
            return try mixedDTypes + extraFiles() + statedDType(config) + generation(config)
        } catch { return mixedDTypes + [error.description] }
    }

    private var mixedDTypes: [String] {
        guard dtypes.count > 1 else { return [] }
        let mix = dtypes.map { "\($0.dtype.rawValue) in \($0.tensorCount) tensors" }.joined(separator: ", ")
        return ["more than one dtype: \(mix)"]
    }

    /// A copy of the weights in another format, or the remains of an older download.
    private func extraFiles() throws(CheckpointError) -> [String] {
        let used = Set(files.map { FilePath($0).name })
        let entries: [String]
        do { entries = try FilePath(folder).listing().names } catch { throw CheckpointError(error) }
        let extra = entries.filter { CheckpointFormat.isWeightFile($0) && !used.contains($0) }
        guard !extra.isEmpty else { return [] }
        let shown = extra.prefix(4).joined(separator: " ") + (extra.count > 4 ? " …" : "")
        return ["not part of the checkpoint: \(shown)"]
    }

    /// The dtype that config.json states is a default for loading; the tensors' own may differ.
    private func statedDType(_ config: ConfigurationReader?) throws(CheckpointError) -> [String] {
        guard let config else { return [] }
        for key in ["torch_dtype", "dtype"] {
            guard let stated = try config.optionalString(key), let found = dtypes.first else {
                continue
            }
            let names: [DType: String] = [.float32: "float32", .float16: "float16", .bfloat16: "bfloat16"]
            if names[found.dtype] != stated {
                return ["config.json: \(key) is \(stated), the tensors are \(found.dtype.rawValue)"]
            }
        }
        return []
    }

    private func generation(_ config: ConfigurationReader?) -> [String] {
        guard config != nil, !FilePath(folder + "/generation_config.json").exists else { return [] }
        return ["no generation_config.json, which may name more stop tokens"]
    }

    /// Hugging Face's configuration beside the weights; nil where there is none.
    private func config() throws(CheckpointError) -> ConfigurationReader? {
        let path = folder + "/config.json"
        guard FilePath(path).exists, format != .gguf else { return nil }
        return try ConfigurationReader(path)
    }
}
