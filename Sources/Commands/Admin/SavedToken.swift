internal import Arguments
package import JSON

/// The file from which a profile takes its token: whoever signs in has the new one put there.
package struct SavedToken {
    static let option = Option<Bool>.flag(
        "save", help: "Put the token into the file that the profile names, instead of showing it")

    private let path: String

    package init(path: String) { self.path = path }

    init(_ parsed: ParsedCommand, _ terminal: Terminal) throws {
        guard case .file(let path)? = try CentreOptions.chosen(parsed, terminal).1 else {
            throw Problem.usage(
                "there is no file to save the token in",
                advice: "name one for this centre: berth centre add NAME --server URL --token file:PATH")
        }
        self.path = path
    }

    /// What is left to be shown of the answer.
    package func save(_ answer: CentreAnswer) throws -> JSONValue {
        guard var session = answer.json?.objectValue, let token = session["token"]?.stringValue else {
            throw Problem(answer)
        }
        guard FileSystem.replace(path, with: Array("\(token)\n".utf8), mode: 0o600) else {
            throw Problem(
                "token-not-written", exit: .cannotCreate, "the token cannot be written to \(path)",
                advice: ["make room, or name another file with berth centre add, and sign in again"])
        }
        session["token"] = nil
        session["savedIn"] = .string(path)
        return .object(session)
    }
}
