/// Where a server is, as a URL; it may hold a password, which nobody is to see.
struct PostgreSQLAddress {
    let text: String

    /// Without user and password, and without what follows the name of the database.
    var place: String {
        guard let scheme = text.firstRange(of: "://") else { return "PostgreSQL" }
        let rest = text[scheme.upperBound...].prefix { $0 != "?" }
        let host = rest.split(separator: "@", omittingEmptySubsequences: false).last ?? rest
        return String(text[..<scheme.upperBound] + host)
    }

    /// The library quotes an address, or the part of it that it does not understand.
    func redact(_ message: String) -> String {
        secrets.reduce(message.replacing(text, with: place)) { $0.replacing($1, with: "…") }
    }

    private var secrets: [String] {
        guard let scheme = text.firstRange(of: "://") else { return [text] }
        let parts = text[scheme.upperBound...].split(separator: "?", maxSplits: 1)
        var secrets: [String] = []
        if let authority = parts.first, let at = authority.lastIndex(of: "@") {
            secrets += authority[..<at].split(separator: ":", maxSplits: 1).dropFirst().map(String.init)
        }
        for setting in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let pair = setting.split(separator: "=", maxSplits: 1)
            if let name = pair.first, name.contains("password"), pair.count == 2 {
                secrets.append(String(pair[1]))
            }
        }
        return secrets
    }
}
