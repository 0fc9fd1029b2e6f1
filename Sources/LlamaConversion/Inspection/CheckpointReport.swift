import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// What a checkpoint's headers and configuration tell, without reading a weight.
///
/// Where the checkpoint does not open, the report has ``failure``, and as much of the rest as its files tell.
package struct CheckpointReport: Sendable {
    /// A file with weights.
    package struct File: Sendable, Equatable {
        /// Its name in the folder.
        package let name: String
        /// Its size; nil where the system does not tell.
        package let byteCount: Int?
        /// How many tensors, or parts of them, the model uses of it; nil where it could not be read.
        package let tensorCount: Int?
    }

    /// The tensors of one dtype.
    package struct DTypeShare: Sendable, Equatable {
        /// The stored type.
        package let dtype: DType
        /// Number of tensors.
        package let tensorCount: Int
        /// Bytes of their elements.
        package let byteCount: Int
    }

    /// The folder.
    package let folder: String
    /// Whose names the tensors have and the kind of file, such as `Meta .pth`; the latter alone where no tensor was
    /// read, nil where there is no file either.
    package let format: String?
    /// The kind of the files with weights; nil where there is none.
    package let container: (any TensorContainer.Type)?
    /// Which Llama it is; nil where there is no configuration.
    package let family: ModelFamily?
    /// The model's shape; nil where it could not be read.
    package let configuration: ModelConfiguration?
    /// Where each value of the configuration came from.
    package let sources: [ConfigurationSource]
    /// Number of weights.
    package let parameterCount: Int
    /// Number of weights outside the token embedding and the output head.
    package let nonEmbeddingCount: Int
    /// Stored types, most bytes first.
    package let dtypes: [DTypeShare]
    /// The files with weights.
    package let files: [File]
    /// Every tensor, or part of one, by file and offset.
    package let tensors: [TensorRecord]
    /// What is wrong, or was dropped or guessed, one line each.
    package let problems: [String]
    /// The key-values of a GGUF file, its tokenizer among them; nil for other formats.
    package let gguf: GGUFMetadata?
    /// Why the checkpoint does not open.
    package let failure: CheckpointError?

    /// Inspects a folder, or a file of a checkpoint.
    ///
    /// - Throws: where there is nothing at `path`.
    package init(at path: String) throws(CheckpointError) {
        let notes = NoteCollector()
        let isFolder: Bool
        do { isFolder = try FilePath(path).isFolder() } catch { throw CheckpointError(error) }
        let checkpoint = Result { () throws(CheckpointError) in
            try Checkpoint(at: path, logger: notes.logger)
        }
        switch checkpoint {
        case .success(let checkpoint):
            self.init(checkpoint, notes: notes.notes(without: checkpoint.folder))
        case .failure(let error):
            let folder = isFolder ? path : FilePath(path).folder
            try self.init(failure: error, path: path, folder: folder, notes: notes.notes(without: folder))
        }
    }

    private init(_ checkpoint: Checkpoint, notes: [String]) {
        let configuration = checkpoint.configuration
        let roles = TensorRole.all(of: configuration)
        var (records, total, embedded): ([TensorRecord], Int, Int) = ([], 0, 0)
        for role in roles {
            guard let weight = checkpoint.weights[role] else { continue }
            records += TensorRecord.parts(of: weight, role: role)
            let count = weight.shape.reduce(1, *)
            total += count
            if role == .tokEmbeddings || role == .output { embedded += count }
        }
        folder = checkpoint.folder
        format = Self.formatName(
            naming: checkpoint.naming, container: checkpoint.container, files: checkpoint.files)
        container = checkpoint.container
        family = ModelFamily(configuration)
        self.configuration = configuration
        sources = checkpoint.configurationSources
        (parameterCount, nonEmbeddingCount) = (total, total - embedded)
        tensors = TensorRecord.sorted(records)
        dtypes = DTypeShare.shares(of: records)
        files = checkpoint.files.map { File($0, records: records) }
        problems =
            notes
            + ReportProblems(
                folder: folder, files: checkpoint.files, format: checkpoint.format, dtypes: dtypes
            ).lines
        gguf = checkpoint.gguf
        failure = nil
    }

    private init(
        failure: CheckpointError, path: String, folder: String, notes: [String]
    ) throws(CheckpointError) {
        let opened = try OpenableFiles(path: path, folder: folder)
        let naming = CheckpointFormat.naming(of: opened.tensorFiles)
        let records = opened.tensorFiles.flatMap { TensorRecord.all(of: $0, naming: naming) }
        self.folder = folder
        format = opened.container.map {
            Self.formatName(naming: naming, container: $0, files: opened.tensorFiles.map(\.path))
        }
        container = opened.container
        family = nil
        configuration = nil
        sources = []
        parameterCount = records.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let embedded = records.filter { $0.role == .tokEmbeddings || $0.role == .output }
        nonEmbeddingCount = parameterCount - embedded.reduce(0) { $0 + $1.shape.reduce(1, *) }
        tensors = TensorRecord.sorted(records)
        dtypes = DTypeShare.shares(of: records)
        files = opened.paths.map { path in
            File(path, records: opened.tensorFiles.contains { $0.path == path } ? records : nil)
        }
        problems = notes + opened.problems.filter { $0 != failure }.map(\.description)
        gguf = nil
        self.failure = failure
    }
}

extension CheckpointReport {
    /// Such as `Hugging Face safetensors`; `GGUF` for a container that has its own names.
    private static func formatName(
        naming: TensorNaming?, container: any TensorContainer.Type, files: [String]
    ) -> String {
        // Torch's container has several suffixes: the files' own is what people call it.
        let suffix = container.suffixes.first { suffix in files.first?.hasSuffix(suffix) == true }
        let name = container == TorchFile.self ? suffix ?? container.name : container.name
        guard let naming, naming.title != name else { return name }
        return "\(naming.title) \(name)"
    }
}

extension CheckpointReport.File {
    fileprivate init(_ path: String, records: [TensorRecord]?) {
        name = FilePath(path).name
        byteCount = FilePath(path).byteCount
        tensorCount = records.map { $0.count { $0.file == FilePath(path).name } }
    }
}

extension CheckpointReport.DTypeShare {
    fileprivate static func shares(of records: [TensorRecord]) -> [CheckpointReport.DTypeShare] {
        Dictionary(grouping: records, by: \.dtype).map { dtype, records in
            CheckpointReport.DTypeShare(
                dtype: dtype, tensorCount: Set(records.map(\.name)).count,
                byteCount: records.reduce(0) { $0 + $1.byteCount })
        }
        .sorted { ($0.byteCount, $1.dtype.rawValue) > ($1.byteCount, $0.dtype.rawValue) }
    }
}
