import LlamaFiles
import Logging

/// Binds every tensor of a checkpoint to its role: each role exactly once, no tensor left over.
struct WeightBinding {
    /// How the files name tensors.
    let naming: TensorNaming
    /// The checkpoint's folder.
    let folder: String
    /// What errors about the tensors as a set name: the file of a format that has one, else the folder.
    let subject: String
    /// Told which tensors are dropped.
    let logger: Logger

    /// Binds tensors of which each is in one of the files (Hugging Face shards).
    func bindWhole(
        _ files: [TensorFile], configuration: ModelConfiguration
    ) throws(CheckpointError) -> [TensorRole: Weight] {
        var holders: [String: [TensorFile]] = [:]
        for file in files {
            for name in file.tensors.keys { holders[name, default: []].append(file) }
        }
        let doubled = holders.filter { $0.value.count > 1 }.map(\.key).sorted()
        let names = doubled.first.flatMap { holders[$0] }?.map { FilePath($0.path).name }
        let advice = names.map { "\(doubled[0]) is in \($0.joined(separator: " and in ")): fetch them again" }
        return try bind(
            names: Array(holders.keys), doubled: doubled, advice: advice, configuration: configuration
        ) {
            role, name, shape throws(CheckpointError) in
            guard let file = holders[name]?.first, let tensor = file.tensors[name] else { return nil }
            return try Weight(name: name, role: role, shape: shape, shards: [tensor], files: [file.path])
        }
    }

    /// Binds tensors of which every file holds a part (Meta's model-parallel shards).
    func bindParallel(
        _ files: [TensorFile], configuration: ModelConfiguration
    ) throws(CheckpointError) -> [TensorRole: Weight] {
        guard let first = files.first else { return [:] }
        for file in files.dropFirst() {
            let difference = Set(file.tensors.keys).symmetricDifference(first.tensors.keys)
            if let name = difference.sorted().first {
                let holder =
                    file.tensors[name] == nil
                    ? "is missing here" : "is missing in \(FilePath(first.path).name)"
                throw .invalid(
                    file.path, name, expected: "the same tensors in every shard", found: "one that \(holder)")
            }
        }
        return try bind(names: Array(first.tensors.keys), doubled: [], configuration: configuration) {
            role, name, shape throws(CheckpointError) in
            let shards = files.compactMap { $0.tensors[name] }
            return try Weight(
                name: name, role: role, shape: shape, shards: shards, files: files.map(\.path))
        }
    }

    private func bind(
        names: [String], doubled: [String], advice: String? = nil, configuration: ModelConfiguration,
        join: (TensorRole, String, [Int]) throws(CheckpointError) -> Weight?
    ) throws(CheckpointError) -> [TensorRole: Weight] {
        var pending = Set(TensorRole.all(of: configuration))
        var weights: [TensorRole: Weight] = [:]
        var unexpected: [String] = []
        for name in names.sorted() {
            switch naming.meaning(of: name) {
            case .derived:
                logger.debug("\(folder): \(name) dropped: the rotations are computed from the configuration")
            case .role(.output) where configuration.tiesEmbeddings:
                logger.notice("\(folder): \(name) left out: it is the embedding again, which it is tied to")
            case .role(let role) where pending.contains(role):
                guard let weight = try join(role, name, role.shape(in: configuration)) else { break }
                pending.remove(role)
                weights[role] = weight
            case .role, .unknown: unexpected.append(name)
            }
        }
        guard pending.isEmpty, unexpected.isEmpty, doubled.isEmpty else {
            let missing = pending.map(naming.name(of:)).sorted()
            throw CheckpointError(
                file: subject, .tensors(missing: missing, unexpected: unexpected, doubled: doubled),
                advice: advice)
        }
        return weights
    }
}
