/// Why the centre does not start, or does not take a new certificate: for the person who operates it.
package struct ServeFailure: Error, Hashable {
    /// Stable, for programs: `configuration`, `vault`.
    package let code: String
    package let what: String
    package let why: String?
    package let advice: [String]

    package init(_ code: String, _ what: String, why: String? = nil, advice: [String] = []) {
        self.code = code
        self.what = what
        self.why = why
        self.advice = advice
    }

    package init(_ error: HTTPServerError) {
        switch error {
        case .library(let what): self.init("library", what)
        case .address(let address, let reason):
            self.init(
                "listen", "nothing can listen at \(address)", why: reason,
                advice: ["say with --listen where it should, or end what listens there"])
        case .plainAddress(let address):
            self.init(
                "plain-http", "plain HTTP is for this machine only, and \(address) is not",
                advice: [
                    "let terminals in with --listen, which is encrypted",
                    "behind a proxy that encrypts, name its address with --behind-proxy",
                ])
        case .certificate(let what):
            self.init("certificate", "the certificate cannot be used", why: what)
        case .daemon(let what): self.init("server", "the server does not start", why: what)
        }
    }
}
