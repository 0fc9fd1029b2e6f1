import ArgumentParser
import LlamaGeneration
import LlamaTokenizers

/// How prompts are put into the words that the model was trained on.
struct ChatFlags: ParsableArguments {
    /// The checkpoint's own format.
    private static let automatic = "auto"

    @Option(
        help: ArgumentHelp(
            "Format of conversations: llama2, llama3, llama3.1, llama3.2, chatml, alpaca or plain; auto: that of the "
                + "checkpoint's chat template, or else of its family. Text prompts become messages of the user. Default: "
                + "auto for lines with messages; other prompts are completed as they are.",
            valueName: "name"))
    var chatFormat: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "System message of conversations that have none; text prompts become messages of the user.",
            valueName: "text"))
    var system: String?

    @Option(
        help: ArgumentHelp(
            "Put each text prompt into a template: a file with {instruction} and perhaps {input}, or alpaca for Stanford "
                + "Alpaca's.", valueName: "file"))
    var promptTemplate: String?

    /// The format that is asked for by name.
    var formatName: String? { chatFormat == Self.automatic ? nil : chatFormat }

    /// The file of the template, where there is one.
    var templateFile: String? { promptTemplate == "alpaca" ? nil : promptTemplate }

    /// Makes prompts as the flags say.
    ///
    /// - Throws: `PromptTemplateError`.
    func renderer() throws(PromptTemplateError) -> PromptRenderer {
        var renderer = PromptRenderer()
        renderer.system = system
        renderer.textIsMessage = chatFormat != nil || system != nil
        if let templateFile {
            renderer.template = try PromptTemplate(path: templateFile)
        } else if promptTemplate != nil {
            renderer.template = .alpaca
        }
        return renderer
    }

    func validate() throws {
        guard let formatName, ChatFormat.Name(rawValue: formatName) == nil else { return }
        throw ValidationError(
            "--chat-format: expected auto, \(ChatFormat.Name.list), found \"\(formatName)\"")
    }
}
