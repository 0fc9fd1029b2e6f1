import LlamaJSON

/// A completed prompt.
package struct Completion: Sendable {
    /// Why a completion ended.
    package enum FinishReason: String, Sendable {
        /// The model produced a stop token.
        case stop
        /// The completion, or the whole sequence, is as long as it may be.
        case length
    }

    /// Index of the prompt in the list.
    package let index: Int
    /// The prompt's text; nil for ids without a tokenizer.
    package let prompt: String?
    /// The prompt's ids, begin-of-sequence token included.
    package let promptIDs: [Int32]
    /// The text that follows the prompt's; nil without a tokenizer.
    package let text: String?
    /// The ids generated, without the stop token.
    package let completionIDs: [Int32]
    /// Why it ended.
    package let finishReason: FinishReason
    /// One entry per token of the completion; with `echo`, of prompt and completion, and the first is nil. Nil where
    /// none were asked for.
    package let logprobs: [TokenLogprobs?]?

    /// The completion as one line of JSON.
    package var json: String {
        var members: [(String, JSONText)] = [("index", .int(index))]
        if let prompt { members.append(("prompt", .string(prompt))) }
        members.append(("prompt_ids", .array(promptIDs.map { .int(Int($0)) })))
        if let text { members.append(("completion", .string(text))) }
        members.append(("completion_ids", .array(completionIDs.map { .int(Int($0)) })))
        members.append(("finish_reason", .string(finishReason.rawValue)))
        if let logprobs {
            let tokens = logprobs.map { $0.map { JSONText.float($0.token) } ?? .null }
            let tops = logprobs.map { entry in
                entry.map { JSONText.object($0.top.map { ("\($0.id)", .float($0.logprob)) }) } ?? .null
            }
            members.append(
                ("logprobs", .object([("token_logprobs", .array(tokens)), ("top_logprobs", .array(tops))])))
        }
        return JSONText.object(members).serialized
    }
}
