/// The outlines of the chat templates that were published with Llamas, and the format that renders the same.
///
/// `tools/make_chat_fixtures.py` renders conversations with these templates, and the tests compare the formats with what
/// they render.
enum KnownTemplates {
    /// A known template.
    struct Entry {
        let outline: TemplateOutline
        let format: ChatFormat
    }

    /// All of them.
    static let all: [Entry] =
        llama2 + llama3 + [
            Entry(ChatFormat(.llama31), headersWithDates(#"set date_string = "26 Jul 2024""#)),
            Entry(
                ChatFormat(.llama32),
                headersWithDates(
                    """
                    if strftime_now is defined
                        set date_string = strftime_now ( "%d %b %Y" )
                      else
                        set date_string = "26 Jul 2024"
                    """)),
        ] + chatML + [alpaca]

    private static let llama2: [Entry] = {
        func turns(_ messages: String, _ rest: String) -> String {
            """
            for message in \(messages)
              if ( message . role == "user" ) != ( loop . index0 % 2 == 0 )
                raise
            \(rest)
              if message . role == "user"
                emit bos_token
                emit "[INST] "
                emit content | trim
                emit " [/INST]"
              elif message . role == "assistant"
                emit " "
                emit content | trim
                emit " "
                emit eos_token
            """
        }
        var untrimmed = ChatFormat(.llama2)
        untrimmed.trimsSystem = false
        return [
            // Since 2024.
            Entry(
                ChatFormat(.llama2),
                #"""
                if messages [ 0 ] . role == "system"
                  set system_message = "<<SYS>>\n" + messages [ 0 ] . content | trim + "\n<</SYS>>\n\n"
                  set messages = messages [ 1 : ]
                else
                  set system_message = ""

                """#
                    + turns(
                        "messages",
                        """
                          if loop . index0 == 0
                            set content = system_message + message . content
                          else
                            set content = message . content
                        """)),
            // Before.
            Entry(
                untrimmed,
                """
                if messages [ 0 ] . role == "system"
                  set loop_messages = messages [ 1 : ]
                  set system_message = messages [ 0 ] . content
                else
                  set loop_messages = messages
                  set system_message = false

                """
                    + turns(
                        "loop_messages",
                        #"""
                          if loop . index0 == 0 and system_message != false
                            set content = "<<SYS>>\n" + system_message + "\n<</SYS>>\n\n" + message . content
                          else
                            set content = message . content
                        """#)),
        ]
    }()

    private static let llama3: [Entry] = {
        let header = #"set content = "<|start_header_id|>" + message . role + "<|end_header_id|>\n\n" + "#
        let messages = """
            for message in messages
              \(header)message . content | trim + "<|eot_id|>"
              if loop . index0 == 0
                set content = bos_token + content
              emit content

            """
        let answer = #"emit "<|start_header_id|>assistant<|end_header_id|>\n\n""#
        return [
            Entry(ChatFormat(.llama3), messages + "if add_generation_prompt\n  " + answer),
            // The first one that was published ends with the answer's heading whether it is asked for or not; it is only
            // asked for conversations that need it.
            Entry(ChatFormat(.llama3), messages + answer),
        ]
    }()

    private static func headersWithDates(_ date: String) -> String {
        #"""
        emit bos_token
        if not date_string is defined
          \#(date)
        if messages [ 0 ] . role == "system"
          set system_message = messages [ 0 ] . content | trim
          set messages = messages [ 1 : ]
        else
          set system_message = ""
        emit "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: "
        emit date_string
        emit "\n\n"
        emit system_message
        emit "<|eot_id|>"
        for message in messages
          emit "<|start_header_id|>"
          emit message . role
          emit "<|end_header_id|>\n\n"
          emit message . content | trim
          emit "<|eot_id|>"
        if add_generation_prompt
          emit "<|start_header_id|>assistant<|end_header_id|>\n\n"
        """#
    }

    private static let chatML: [Entry] = {
        let turns = #"""
            for message in messages
              emit "<|im_start|>"
              emit message . role
              emit "\n"
              emit message . content
              emit "<|im_end|>\n"
            if add_generation_prompt
              emit "<|im_start|>assistant\n"
            """#
        var withBOS = ChatFormat(.chatml)
        withBOS.beginsWithBOS = true
        return [Entry(ChatFormat(.chatml), turns), Entry(withBOS, "emit bos_token\n" + turns)]
    }()

    /// No such template was published; this is what `tools/make_chat_fixtures.py` writes for Stanford's prompt.
    private static let alpaca = Entry(
        ChatFormat(.alpaca),
        #"""
        emit bos_token
        if messages [ 0 ] . role == "system"
          emit messages [ 0 ] . content
          set messages = messages [ 1 : ]
        else
          emit "\#(PromptTemplate.alpacaPreamble)"
        for message in messages
          if message . role == "user"
            emit "\n\n### Instruction:\n"
            emit message . content
          else
            emit "\n\n### Response:"
            emit message . content
            emit eos_token
        if add_generation_prompt
          emit "\n\n### Response:"
        """#)
}

extension KnownTemplates.Entry {
    fileprivate init(_ format: ChatFormat, _ outline: String) {
        self.init(
            outline: TemplateOutline(lines: outline.split(separator: "\n").map(String.init)), format: format)
    }
}
