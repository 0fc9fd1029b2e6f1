import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// What is odd about a checkpoint that opens.
struct ReportProblems {
    let folder: String
    /// Its files, as paths.
    let files: [String]
    let dtypes: [CheckpointReport.DTypeShare]

    /// A line each.
    var lines: [String] { mixedDTypes + extraFiles + statedDType + generation }

    private var mixedDTypes: [String] {
        guard dtypes.count > 1 else { return [] }
        let mix = dtypes.map { "\($0.dtype.rawValue) in \($0.tensorCount) tensors" }.joined(separator: ", ")
        return ["more than one dtype: \(mix)"]
    }

    /// Another format's copy of the weights, or what is left of an older download.
    private var extraFiles: [String] {
        let used = Set(files.map { FilePath($0).name })
        let entries = (try? FilePath(folder).entries()) ?? []
        let extra = entries.filter { FileFormat.isWeightFile($0) && !used.contains($0) }
        guard !extra.isEmpty else { return [] }
        let shown = extra.prefix(4).joined(separator: " ") + (extra.count > 4 ? " …" : "")
        return ["not part of the checkpoint: \(shown)"]
    }

    /// The config's dtype is a wish, the tensors' is the truth.
    private var statedDType: [String] {
        guard let reader = config else { return [] }
        for key in ["torch_dtype", "dtype"] {
            guard let stated = try? reader.optionalString(key) ?? nil, let found = dtypes.first else {
                continue
            }
            let names: [DType: String] = [.float32: "float32", .float16: "float16", .bfloat16: "bfloat16"]
            if names[found.dtype] != stated {
                return ["config.json: \(key) is \(stated), the tensors are \(found.dtype.rawValue)"]
            }
        }
        return []
    }

    private var generation: [String] {
        guard config != nil, !FilePath(folder + "/generation_config.json").exists else { return [] }
        return ["no generation_config.json, which may name more stop tokens"]
    }

    private var config: ConfigurationReader? {
        let path = folder + "/config.json"
        guard FilePath(path).exists, !files.allSatisfy({ $0.hasSuffix(".gguf") }) else { return nil }
        return try? ConfigurationReader(path)
    }
}
