import LlamaJSON

extension TrainingOptions {
    /// The options that are saved in a run's state, by their names in the file.
    private static let wholeNumbers: [(String, WritableKeyPath<TrainingOptions, Int> & Sendable)] = [
        ("dim", \.dim), ("n_layers", \.nLayers), ("n_heads", \.nHeads), ("n_kv_heads", \.nKVHeads),
        ("multiple_of", \.multipleOf), ("max_seq_len", \.maxSequenceLength), ("batch_size", \.batchSize),
        ("accumulation", \.accumulation), ("steps", \.steps), ("warmup", \.warmup),
        ("eval_interval", \.evalInterval),
        ("eval_batches", \.evalBatches), ("seed", \.seed),
    ]

    private static let numbers: [(String, WritableKeyPath<TrainingOptions, Double> & Sendable)] = [
        ("norm_eps", \.normEpsilon), ("rope_theta", \.ropeTheta), ("learning_rate", \.learningRate),
        ("final_learning_rate", \.finalLearningRate), ("weight_decay", \.weightDecay), ("beta2", \.beta2),
        ("grad_clip", \.gradientClip),
    ]

    /// The options as a JSON object.
    var json: JSONText {
        .object(
            Self.wholeNumbers.map { ($0.0, .int(self[keyPath: $0.1])) }
                + Self.numbers.map { ($0.0, .double(self[keyPath: $0.1])) })
    }

    /// Reads what ``json`` wrote.
    init(_ object: JSONValue) throws(JSONError) {
        for (name, path) in Self.wholeNumbers { self[keyPath: path] = try object.member(name).int() }
        for (name, path) in Self.numbers { self[keyPath: path] = try object.member(name).double() }
    }

    /// The first option in which `other` differs, with both values, or nil.
    func difference(from other: TrainingOptions) -> (name: String, mine: String, theirs: String)? {
        for (name, path) in Self.wholeNumbers where self[keyPath: path] != other[keyPath: path] {
            return (name, "\(self[keyPath: path])", "\(other[keyPath: path])")
        }
        for (name, path) in Self.numbers where self[keyPath: path] != other[keyPath: path] {
            return (name, "\(self[keyPath: path])", "\(other[keyPath: path])")
        }
        return nil
    }
}
