import LlamaCheckpoints
import LlamaJSON
import Logging

/// The settings that a model's authors recommend in transformers' `generation_config.json`.
extension GenerationSettings {
    /// Reads temperature, top-k, top-p, min-p, typical-p and the repetition penalty; `"do_sample": false` is temperature 0.
    ///
    /// transformers refuses to generate with a value that cannot be used, unless another one is given. Here the default
    /// is used, with a notice: a checkpoint is also opened to look at it, or to score a text.
    ///
    /// - Parameter logger: Told which values cannot be used, and at the debug level which keys are not used.
    init(generationConfig file: ConfigurationReader, logger: Logger) {
        self.init()
        let standard = SamplingOptions()
        read(.temperature, \.temperature, \.temperature, standard, file, logger)
        read(.topP, \.topP, \.topP, standard, file, logger)
        read(.minP, \.minP, \.minP, standard, file, logger)
        read(.typicalP, \.typicalP, \.typicalP, standard, file, logger)
        read(.repetitionPenalty, \.repetitionPenalty, \.repetitionPenalty, standard, file, logger)
        read(.topK, \.topK, \.topK, standard, file, logger)
        do throws(JSONError) {
            if try file.value("do_sample")?.bool() == false { temperature = 0 }
        } catch {
            logger.notice("\(file.file): \(error); it is ignored")
        }
        let unused = (try? file.members())?.map(\.0).filter { !Self.knownKeys.contains($0) } ?? []
        if !unused.isEmpty {
            logger.debug("\(file.file): not used: \(unused.joined(separator: " "))")
        }
    }

    /// The name of the file.
    static let configurationFile = "generation_config.json"

    /// Keys that are read here or for the special tokens, or say nothing about generation.
    private static let knownKeys = [
        "temperature", "top_p", "top_k", "min_p", "typical_p", "repetition_penalty", "do_sample",
        "bos_token_id", "eos_token_id", "pad_token_id", "_from_model_config", "transformers_version",
    ]

    private mutating func read<Value: JSONNumber>(
        _ option: OptionError.Option, _ setting: WritableKeyPath<GenerationSettings, Value?>,
        _ target: WritableKeyPath<SamplingOptions, Value>, _ standard: SamplingOptions,
        _ file: ConfigurationReader, _ logger: Logger
    ) {
        let key = option.rawValue
        guard let json = file.value(key) else { return }
        func notice(_ problem: String) {
            logger.notice("\(file.file): \(problem); the default, \(standard[keyPath: target]), is used")
        }
        do throws(JSONError) {
            let value = try Value(json)
            var options = standard
            options[keyPath: target] = value
            do throws(OptionError) {
                try options.validate(maxTokens: 0, vocabularySize: 1)
                self[keyPath: setting] = value
            } catch {
                notice("\(error)")
            }
        } catch {
            notice("\(error)")
        }
    }
}

/// A number that JSON can hold.
private protocol JSONNumber {
    init(_ json: JSONValue) throws(JSONError)
}

extension Float: JSONNumber {
    fileprivate init(_ json: JSONValue) throws(JSONError) { self = Float(try json.double()) }
}

extension Int: JSONNumber {
    fileprivate init(_ json: JSONValue) throws(JSONError) { self = try json.int() }
}
