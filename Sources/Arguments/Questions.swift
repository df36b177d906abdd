extension Terminal {
    /// Asks a question that is answered with yes or no; without a person to ask, that is a problem, never a yes.
    /// - Parameter override: the option that answers in advance, such as `--yes`.
    package func confirm(_ question: String, default fallback: Bool, override: String) throws(Problem) -> Bool
    {
        guard input.isTerminal, !isJSON else {
            throw Problem(
                "confirmation-needed", exit: .usage, "this needs a yes, and there is nobody to ask",
                why: question, advice: ["give \(override) to answer yes in advance"])
        }
        // After a few answers that are neither, the person does not understand the question.
        for _ in 0..<3 {
            switch try ask("\(question) [\(fallback ? "Y/n" : "y/N")] ")?.lowercased() {
            case "y", "yes": return true
            case "n", "no": return false
            case "": return fallback
            case nil: return false
            case .some: errors.write(Array("Please answer yes or no.\n".utf8))
            }
        }
        return false
    }

    /// What came of a question that may be called off.
    package enum Answer: Hashable, Sendable {
        case line(String)
        case endOfInput
        case calledOff
    }

    /// Asks for a line of text, and looks now and then whether the question is still one: a person may go away.
    package func ask(
        _ prompt: String, every slice: Duration, isCalledOff: () throws -> Bool
    ) throws -> Answer {
        errors.write(Array(prompt.utf8))
        while !awaitingInput({ input.isReady(within: slice) }) {
            guard try isCalledOff() else { continue }
            errors.write([UInt8(ascii: "\n")])
            return .calledOff
        }
        return try ask("").map(Answer.line) ?? .endOfInput
    }

    /// Asks for a line of text; nil at the end of input.
    package func ask(_ prompt: String) throws(Problem) -> String? {
        // An answer is a name or a word.
        let limit = 1024
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
        defer { buffer.deallocate() }
        do {
            let count = try awaitingInput { () throws(InputError) in
                try input.readLine(into: buffer, isSecret: false) { errors.write(Array(prompt.utf8)) }
            }
            guard let count else { return nil }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            return String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        } catch {
            throw Problem(input: error, what: "the answer could not be read")
        }
    }
}

extension Problem {
    init(input error: InputError, what: String) {
        switch error {
        case .interrupted: self = .interrupted
        case .tooLong(let limit):
            self.init("input-too-long", exit: .badData, what, why: "it is longer than \(limit) bytes")
        case .failed(let reason): self.init("input-failed", exit: .inputOutput, what, why: reason)
        }
    }
}
