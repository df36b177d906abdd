#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a key or a password is to be taken from; it cannot print a secret that it holds.
package enum SecretSource: Hashable, Sendable {
    case environment(String)
    case file(String)
    case descriptor(Int32)
    case standardInput
    case prompt
    /// On the command line itself, where other programs of the machine can see it.
    case literal(String)

    /// The words that a person can write: `env:NAME`, `file:PATH`, `fd:N`, `-`, `prompt`, or the secret itself.
    package init(_ text: String) throws(ValueRefusal) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        switch (parts[0], parts.count == 2 ? parts[1] : nil) {
        case ("", nil): throw ValueRefusal("it is empty")
        case ("-", nil), ("stdin", nil): self = .standardInput
        case ("prompt", nil), ("ask", nil): self = .prompt
        case ("env", ""?): throw ValueRefusal("the name of the variable is missing after env:")
        case ("file", ""?): throw ValueRefusal("the path is missing after file:")
        case ("env", let name?): self = .environment(name)
        case ("file", let path?): self = .file(path)
        case ("fd", let number?):
            guard let descriptor = Int32(number), descriptor >= 0 else {
                throw ValueRefusal("fd: is followed by the number of a descriptor")
            }
            self = .descriptor(descriptor)
        default: self = .literal(text)
        }
    }

    /// True if the secret stood on the command line: the command warns.
    package var isLiteral: Bool {
        if case .literal = self { true } else { false }
    }
}

extension SecretSource: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .environment(let name): "the variable \(name)"
        case .file(let path): "the file \(path)"
        case .descriptor(let number): "descriptor \(number)"
        case .standardInput: "the standard input"
        case .prompt: "the prompt"
        case .literal: "the command line"
        }
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension ArgumentValue where Value == SecretSource {
    /// A secret, or rather where it comes from.
    package static func secret(_ placeholder: String) -> Self {
        Self(
            placeholder,
            candidates: .words([
                Candidates.Word("env:", "from a variable of the environment"),
                Candidates.Word("file:", "from a file"), Candidates.Word("fd:", "from an open descriptor"),
                Candidates.Word("prompt", "ask for it"), Candidates.Word("-", "from the standard input"),
            ]),
            isSecret: true
        ) { (text) throws(ValueRefusal) in try SecretSource(text) }
    }
}

extension Terminal {
    /// Takes the secret from its source and lends its bytes for one call; then they are erased.
    ///
    /// One line end after the secret is not part of it.
    /// - Parameter label: what is asked for, such as "Key" or "PIN".
    package func withSecret<Result: ~Copyable>(
        _ source: SecretSource, label: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let limit = 65_536
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
        defer {
            erase(buffer)
            buffer.deallocate()
        }
        let count = try read(source, label: label, into: buffer)
        guard count > 0 else {
            throw Problem(
                "secret-empty", exit: .badData, "\(label) is empty", why: "nothing came from \(source)")
        }
        return try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func read(
        _ source: SecretSource, label: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Problem) -> Int {
        switch source {
        case .environment(let name):
            guard let text = environment[name] else {
                throw Problem(
                    "secret-missing", exit: .noInput, "\(label) is missing", why: "\(name) is not set")
            }
            return try copy(text, label: label, into: buffer)
        case .literal(let text): return try copy(text, label: label, into: buffer)
        case .file(let path): return try readFile(path, label: label, into: buffer)
        case .descriptor(let number): return try readToEnd(number, source, label: label, into: buffer)
        case .standardInput:
            return try readLine(label: label, into: buffer, isSecret: false, prompt: "")
        case .prompt:
            guard input.isTerminal else {
                throw Problem(
                    "nobody-to-ask", exit: .usage, "\(label) cannot be asked for: there is no terminal",
                    advice: ["give it with env:NAME, file:PATH or fd:N"])
            }
            return try readLine(label: label, into: buffer, isSecret: true, prompt: "\(label): ")
        }
    }

    private func copy(
        _ text: String, label: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Problem) -> Int {
        guard text.utf8.count <= buffer.count else {
            throw Problem(input: .tooLong(limit: buffer.count), what: "\(label) could not be read")
        }
        buffer.copyBytes(from: text.utf8)
        return text.utf8.count
    }

    private func readLine(
        label: String, into buffer: UnsafeMutableRawBufferPointer, isSecret: Bool, prompt: String
    ) throws(Problem) -> Int {
        do {
            let read = { () throws(InputError) in
                try input.readLine(into: buffer, isSecret: isSecret) { errors.write(Array(prompt.utf8)) }
            }
            // What is typed in secret has its own way with signals: the echo must come back first.
            return try (isSecret ? read() : awaitingInput(read)) ?? 0
        } catch {
            throw Problem(input: error, what: "\(label) could not be read")
        }
    }

    private func readFile(
        _ path: String, label: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Problem) -> Int {
        // A pipe waits here for its other end.
        let descriptor = awaitingInput { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw Problem(
                "secret-unreadable", exit: .noInput, "\(label) could not be read from \(path)",
                why: SystemError(number: errno).reason)
        }
        defer { _ = close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & (S_IRWXG | S_IRWXO) != 0,
            status.st_mode & S_IFMT == S_IFREG
        {
            warn("\(path) holds a secret and others can read it; chmod 600 closes it")
        }
        return try readToEnd(descriptor, .file(path), label: label, into: buffer)
    }

    private func readToEnd(
        _ descriptor: CInt, _ source: SecretSource, label: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Problem) -> Int {
        var count = 0
        while true {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let result = awaitingInput { readBytes(descriptor, into: rest) }
            if result < 0 {
                throw Problem(
                    "secret-unreadable", exit: .noInput, "\(label) could not be read from \(source)",
                    why: SystemError(number: errno).reason)
            }
            if result == 0 { break }
            count += result
            guard count < buffer.count else {
                throw Problem(input: .tooLong(limit: buffer.count - 1), what: "\(label) could not be read")
            }
        }
        if count > 0, buffer[count - 1] == UInt8(ascii: "\n") { count -= 1 }
        if count > 0, buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
        return count
    }
}

/// One `read`, repeated if a signal came first.
private func readBytes(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
        #if canImport(Glibc)
            let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            let result = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
        if result >= 0 || errno != EINTR { return result }
    }
}

private func erase(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress else { return }
    // Not `memset`: the optimiser may drop a store to memory that is about to be freed.
    #if canImport(Glibc)
        explicit_bzero(start, buffer.count)
    #else
        _ = memset_s(start, buffer.count, 0, buffer.count)
    #endif
}
