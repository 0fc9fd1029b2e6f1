import LlamaCheckpoints
import LlamaFiles
import LlamaKernels
import LlamaModel
import LlamaTokenizers
import Logging

/// A model ready to complete text: a checkpoint, its tokenizer, the tokens that end a completion, and the
/// Transformer that borrows the weights, or holds them quantized.
///
/// Immutable: one value serves any number of completers and threads.
package struct LoadedModel: Sendable {
    /// The opened checkpoint.
    package let checkpoint: Checkpoint
    /// The tokenizer that goes with it; nil where there is none.
    package let tokenizer: CheckpointTokenizer?
    /// The model.
    package let transformer: Transformer
    /// The tokens that end a completion: see ``StopTokens``, and the begin-of-sequence token.
    package let stopTokens: Set<Int32>
    /// The settings that its `generation_config.json` recommends.
    package let recommendedSettings: GenerationSettings

    /// Most tokens of a sequence where the checkpoint does not state a context length.
    private static let usualLength = 4096

    /// Opens a checkpoint and finds its tokenizer.
    ///
    /// - Parameters:
    ///   - path: The folder of a checkpoint, or a file in it.
    ///   - tokenizer: A tokenizer to use instead of the checkpoint's own: a path as ``TokenizerLocation`` takes it.
    ///   - needsText: Whether there is text to encode. If not, a tokenizer of an unsupported kind beside the weights
    ///     is ignored with a notice.
    ///   - weights: How the weights are loaded; notices about that go to `logger`.
    ///   - logger: Receives what was dropped, ignored or guessed.
    /// - Throws: ``CheckpointError``, ``TokenizerError`` and ``KernelError``.
    package init(
        at path: String, tokenizer tokenizerPath: String? = nil, needsText: Bool = true,
        weights: WeightLoading = WeightLoading(), logger: Logger = Logger(label: "", factory: Self.silent)
    ) throws {
        let checkpoint = try Checkpoint(at: path, logger: logger)
        let tokenizer = try Self.tokenizer(
            of: checkpoint, at: path, named: tokenizerPath, needsText: needsText, logger: logger)
        self.checkpoint = checkpoint
        self.tokenizer = tokenizer
        var weights = weights
        weights.notice = { logger.notice("\(path): \($0)") }
        transformer = try Transformer(checkpoint, weights)
        var stopTokens = StopTokens.of(tokenizer?.tokenizer, checkpoint.configuration)
        // Models trained on texts one after another, each behind a begin token, end one by beginning the next.
        if let begin = tokenizer?.tokenizer.bosID { stopTokens.insert(begin) }
        self.stopTokens = stopTokens
        recommendedSettings = try Self.recommendedSettings(of: checkpoint, logger: logger)
    }

    /// A logger's handler that prints nothing.
    package static func silent(_ label: String) -> any LogHandler { SwiftLogNoOpLogHandler() }

    private static func tokenizer(
        of checkpoint: Checkpoint, at path: String, named tokenizerPath: String?, needsText: Bool,
        logger: Logger
    ) throws -> CheckpointTokenizer? {
        let own = tokenizerPath == nil
        guard
            let location = try tokenizerPath.map({ try TokenizerLocation(at: $0) })
                ?? TokenizerLocation(of: checkpoint)
        else { return nil }
        do throws(TokenizerError) {
            let tokenizer = try CheckpointTokenizer(location, for: checkpoint, model: path)
            let padding = checkpoint.configuration.vocabularySize - tokenizer.tokenizer.vocabularySize
            if padding > 0 {
                logger.info("\(path): the last \(padding) ids of the model are not in \(tokenizer.file)")
            }
            return tokenizer
        } catch {
            guard case .file = location, own, error.isUnsupported, !needsText else { throw error }
            logger.notice("\(error); continuing without text, as the prompts are ids")
            return nil
        }
    }

    private static func recommendedSettings(
        of checkpoint: Checkpoint, logger: Logger
    ) throws(CheckpointError) -> GenerationSettings {
        let name = GenerationSettings.configurationFile
        let path = checkpoint.folder + "/" + name
        guard checkpoint.format.definition.tokenFiles.contains(name), FilePath(path).exists else {
            return GenerationSettings()
        }
        return GenerationSettings(generationConfig: try ConfigurationReader(path), logger: logger)
    }

    /// The longest sequence, in tokens, that the model was made for; 4096 where the checkpoint does not say.
    package var contextLength: Int { checkpoint.configuration.contextLength ?? Self.usualLength }

    /// Options with the model's context length, stop tokens and recommended settings.
    package var generationOptions: GenerationOptions {
        var options = baseOptions
        recommendedSettings.apply(to: &options)
        return options
    }

    private var baseOptions: GenerationOptions {
        var options = GenerationOptions(maxSequenceLength: contextLength)
        options.stopTokens = stopTokens
        return options
    }

    /// Options with what is given; the rest as in ``generationOptions``.
    ///
    /// - Parameters:
    ///   - chat: The format of the conversation, where the prompt is one; what ends a reply in it is among the model's
    ///     own stop tokens.
    ///   - hasDraft: Whether the engine has a draft model.
    /// - Throws: ``OptionError`` for a value that this model cannot be used with.
    package func generationOptions(
        _ settings: GenerationSettings, chat: ChatEncoder? = nil, hasDraft: Bool = false
    ) throws(OptionError) -> GenerationOptions {
        let tokenizer = tokenizer?.tokenizer
        var base = baseOptions
        base.modelDrafts = hasDraft ? GenerationSettings.usualDrafts : 0
        base.stopTokens.formUnion(chat?.stopTokens ?? [])
        let settings = recommendedSettings.overridden(by: settings)
        var options = try settings.options(base, tokenizer: tokenizer)
        try options.validate(
            vocabularySize: checkpoint.configuration.vocabularySize, hasTokenizer: tokenizer != nil)
        try options.validateStopLengths(tokenizer)
        if let chat, settings.ignoreEOS != true { addStopStrings(of: chat.format, to: &options) }
        return options
    }

    /// Adds the texts that end a reply, where one can occur and the way of decoding has stop strings.
    private func addStopStrings(of format: ChatFormat, to options: inout GenerationOptions) {
        guard options.candidates.beams == 1 else { return }
        for text in format.stopStrings where !options.stopStrings.contains(text) {
            var more = options
            more.stopStrings.append(text)
            do throws(OptionError) { try more.validateStopLengths(tokenizer?.tokenizer) } catch { continue }
            options = more
        }
    }

    /// A completer of prompts that computes with `kernels`.
    ///
    /// - Parameter draft: A smaller model of the same vocabulary, for requests that want its drafts.
    package func completer(draft: Transformer? = nil, kernels: KernelContext) -> Completer {
        Completer(model: transformer, draft: draft, tokenizer: tokenizer?.tokenizer, kernels: kernels)
    }
}
