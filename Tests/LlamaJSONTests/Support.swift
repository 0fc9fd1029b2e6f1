import Testing

@testable import LlamaJSON

func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    var result: Result<JSONValue, JSONError> = .failure(.syntax("not run", offset: 0))
    bytes.withUnsafeBytes { buffer in
        do throws(JSONError) {
            result = .success(try JSONValue.parse(buffer, limits: limits))
        } catch {
            result = .failure(error)
        }
    }
    return try result.get()
}

func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
}

/// The message that parsing (and then reading) ends in; `"no error"` where there is none.
func message(
    _ text: String, limits: JSONLimits = JSONLimits(), read: (JSONValue) throws -> Void = { _ in }
) -> String {
    message(Array(text.utf8), limits: limits, read: read)
}

func message(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits(), read: (JSONValue) throws -> Void = { _ in }
) -> String {
    do {
        try read(try parse(bytes, limits: limits))
        return "no error"
    } catch let error as JSONError {
        return error.description
    } catch {
        return "another error"
    }
}
