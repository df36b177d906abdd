/// Where requests with secrets may go.
package enum ServerAddress {
    private static let here: Set = ["localhost", "127.0.0.1", "[::1]"]

    /// Whether what is sent there is encrypted, or stays on this machine.
    package static func isProtected(_ url: String) -> Bool {
        for (scheme, isEncrypted) in [("https://", true), ("http://", false)] where url.hasPrefix(scheme) {
            let place = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
            // What stands before an @ only looks like the name of the host.
            guard !place.isEmpty, !place.contains(where: { "@\\ ".contains($0) }) else { return false }
            let name = place.hasPrefix("[") ? place.prefix { $0 != "]" } + "]" : place.prefix { $0 != ":" }
            return isEncrypted || here.contains(name.lowercased())
        }
        return false
    }
}
