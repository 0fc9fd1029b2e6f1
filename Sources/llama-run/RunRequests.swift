import LlamaCommands
import LlamaGeneration
import LlamaTokenizers
import Logging

/// Makes the requests of a run: prompts of what its list gives, and their options.
struct RunRequests {
    private let options: LlamaRun
    private let model: LoadedModel
    private let renderer: PromptRenderer
    private let logger: Logger

    /// - Parameter renderer: Makes prompts as the flags say.
    init(_ options: LlamaRun, model: LoadedModel, renderer: PromptRenderer, logger: Logger) {
        (self.options, self.model, self.renderer, self.logger) = (options, model, renderer, logger)
    }

    /// The prompts with their options: those of the command line, and in their place what a line gives.
    ///
    /// - Throws: ``Failure`` for flags that do not fit the model, ``GenerationError`` for a prompt.
    func requests(_ entries: [PromptList.Entry]) throws -> [GenerationRequest] {
        let flags = options.generation.settings
        let common = try commonOptions(flags, nil)
        let line = OptionsInEffect.line(
            flags: flags, recommended: model.recommendedSettings, options: common)
        logger.info("\(line)")
        let ownCount = entries.count { !$0.settings.isEmpty }
        if ownCount > 0 { logger.info("\(ownCount) of \(entries.count) prompts have options of their own") }
        let chat = try entries.first(where: renderer.isConversation).flatMap(chatEncoder)
        let chatCommon = try chat.map { try commonOptions(flags, $0) }
        return try entries.enumerated().map { index, entry in
            let entryChat = renderer.isConversation(entry) ? chat : nil
            var options = entryChat == nil ? common : chatCommon ?? common
            if !entry.settings.isEmpty {
                do throws(OptionError) {
                    options = try generationOptions(flags.overridden(by: entry.settings), entryChat)
                } catch {
                    throw GenerationError.invalidOption(source: entry.source, error)
                }
            }
            return GenerationRequest(
                try renderer.prompt(entry, chat: entryChat), options: options, stream: index)
        }
    }

    private func commonOptions(_ flags: GenerationSettings, _ chat: ChatEncoder?) throws -> GenerationOptions
    {
        do throws(OptionError) { return try generationOptions(flags, chat) } catch {
            throw Failure(Failure.usage, error.usage)
        }
    }

    private func generationOptions(
        _ settings: GenerationSettings, _ chat: ChatEncoder?
    ) throws(OptionError) -> GenerationOptions {
        var result = try model.generationOptions(
            settings, chat: chat, hasDraft: options.generation.speculation.draft != nil)
        result.maxSequenceLength = options.generation.length.maxSeqLen ?? result.maxSequenceLength
        return result
    }

    /// The chat format, and a line about it.
    ///
    /// - Parameter entry: The first that needs one, for the error where there is none.
    private func chatEncoder(for entry: PromptList.Entry) throws -> ChatEncoder? {
        let chat: ModelChat?
        do { chat = try model.chat(named: options.chat.formatName) } catch let error as ChatError {
            throw GenerationError.invalidConversation(source: entry.source, error)
        }
        guard let chat else { return nil }
        let name = chat.choice.format.name.rawValue
        switch chat.choice.origin {
        case .name: logger.info("chat format \(name), by --chat-format")
        case .template: logger.info("chat format \(name), by the checkpoint's chat template")
        case .family:
            logger.notice(
                """
                \(options.files.checkpoints): no chat template; using \(name), the chat format of its family, which the \
                model may not have been trained on (--chat-format \(name) confirms it, or choose another)
                """)
        }
        return chat.encoder
    }
}
