import LlamaJSON

extension GenerationSettings {
    /// Reads the members of an object that are settings, by the names of ``OptionError/Option``; `null` means not given.
    ///
    /// - Parameter others: Names of members that mean something else, and are ignored here.
    /// - Throws: `JSONError` for a member of the wrong type, one that is unknown, and a setting that is given twice.
    package init(_ object: JSONValue, besides others: [String]) throws(JSONError) {
        var given: [OptionError.Option: String] = [:]
        for (key, value) in try object.members() where !others.contains(key) {
            guard let option = OptionError.Option(name: key) else {
                let nearest = Spelling.nearest(to: key, in: OptionError.Option.names + others)
                throw .unknownKey(path: value.path, nearest: nearest)
            }
            if value.isNull { continue }
            if let other = given.updateValue(key, forKey: option) {
                throw .wrongType(path: value.path, expected: "\(other) or \(key)", found: "both")
            }
            try read(option, value)
        }
    }

    private mutating func read(_ option: OptionError.Option, _ value: JSONValue) throws(JSONError) {
        func number() throws(JSONError) -> Float { Float(try value.double()) }
        switch option {
        case .temperature: temperature = try number()
        case .topK: topK = try value.int()
        case .topP: topP = try number()
        case .minP: minP = try number()
        case .typicalP: typicalP = try number()
        case .repetitionPenalty: repetitionPenalty = try number()
        case .frequencyPenalty: frequencyPenalty = try number()
        case .presencePenalty: presencePenalty = try number()
        case .logitBias: logitBias = try Self.biases(value)
        case .badWords: badWords = try Self.badWords(value)
        case .seed: seed = try value.uint64()
        case .maxTokens: maxTokens = try value.int()
        case .minTokens: minTokens = try value.int()
        case .stop: stop = try Self.texts(value)
        case .stopTokenIDs: stopTokenIDs = try value.tokenIDs()
        case .ignoreEOS: ignoreEOS = try value.bool()
        case .n: n = try value.int()
        case .bestOf: bestOf = try value.int()
        case .beams: beams = try value.int()
        case .lengthPenalty: lengthPenalty = try number()
        case .earlyStopping: earlyStopping = try Self.earlyStopping(value)
        case .logprobs: logprobs = try value.int()
        case .echo: echo = try value.bool()
        case .speculate: speculation = try Self.speculation(value)
        case .draftTokens: draftTokens = try value.int()
        }
    }

    private static func texts(_ value: JSONValue) throws(JSONError) -> [String] {
        if value.isString { return [try value.string()] }
        guard value.isArray else {
            throw .wrongType(path: value.path, expected: "a string or an array", found: value.excerpt)
        }
        return try value.array().map { text throws(JSONError) in try text.string() }
    }

    private static func badWords(_ value: JSONValue) throws(JSONError) -> [BadWord] {
        if value.isString { return [.text(try value.string())] }
        return try value.array().map { word throws(JSONError) in
            if word.isString { return .text(try word.string()) }
            guard word.isArray else {
                throw .wrongType(
                    path: word.path, expected: "a string or an array of token ids", found: word.excerpt)
            }
            return .ids(try word.tokenIDs())
        }
    }

    private static func biases(_ value: JSONValue) throws(JSONError) -> [Int32: Float] {
        var biases: [Int32: Float] = [:]
        for (key, bias) in try value.members() {
            guard let id = Int32(key), id >= 0 else {
                throw .wrongType(path: value.path, expected: "token ids as keys", found: "\"\(key)\"")
            }
            biases[id] = Float(try bias.double())
        }
        return biases
    }

    private static func earlyStopping(
        _ value: JSONValue
    ) throws(JSONError) -> CandidateOptions.EarlyStopping {
        // The names are those of the values, of which only one is a string.
        let name = value.isString ? try value.string() : value.excerpt
        guard let stopping = CandidateOptions.EarlyStopping(rawValue: name),
            value.isString == (stopping == .never)
        else {
            throw .wrongType(
                path: value.path, expected: "true, false or \"never\"", found: value.excerpt)
        }
        return stopping
    }

    private static func speculation(_ value: JSONValue) throws(JSONError) -> Speculation {
        guard let speculation = Speculation(rawValue: try value.string()) else {
            throw .wrongType(path: value.path, expected: "\"none\" or \"lookup\"", found: value.excerpt)
        }
        return speculation
    }
}

extension JSONValue {
    /// An array of token ids.
    func tokenIDs() throws(JSONError) -> [Int32] {
        try array().map { element throws(JSONError) in
            let value = try element.int()
            guard let id = Int32(exactly: value), id >= 0 else {
                throw .wrongType(path: element.path, expected: "a token id", found: "\(value)")
            }
            return id
        }
    }
}
