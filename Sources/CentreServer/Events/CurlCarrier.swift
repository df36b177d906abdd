package import Centre
package import HTTPClient
package import Wire

/// Carries messages by libcurl; blocks for as long as a receiver may take.
package struct CurlCarrier: WebhookCarrier {
    private let encrypted: HTTPClient
    private let plain: HTTPClient
    private let clock: any WallClock

    /// `nil` where there is no libcurl.
    package init?(_ policy: NetworkPolicy, clock: any WallClock, authorities: String? = nil) {
        func client(isEncrypted: Bool) -> HTTPClient? {
            var options = HTTPClientOptions()
            options.redirectsMax = 0
            options.agent = "Berth"
            if let authorities { options.trust = .authorities(file: authorities) }
            options.allows = { policy.admits($0, isEncrypted: isEncrypted) }
            return try? HTTPClient(options)
        }
        guard let encrypted = client(isEncrypted: true), let plain = client(isEncrypted: false) else {
            return nil
        }
        (self.encrypted, self.plain, self.clock) = (encrypted, plain, clock)
    }

    package func carry(_ message: WebhookMessage) -> DeliveryOutcome {
        let request = ClientRequest(
            "POST", message.url, fields: message.fields.map { ($0.name, $0.value) }, body: message.body,
            timeout: .seconds(Bounds.webhookTimeoutSeconds), bodyBytesMax: Bounds.webhookAnswerBytesMax)
        let client = message.url.hasPrefix("https://") ? encrypted : plain
        do throws(HTTPClientError) {
            let response = try client.send(request)
            return DeliveryOutcome(
                status: response.status, retryAfter: response.field("Retry-After"), at: clock.now)
        } catch {
            return .failed(Self.words(error.code))
        }
    }

    /// Nothing of what the receiver said: its owner must not learn by it what stands in our network.
    private static func words(_ code: HTTPClientError.Code) -> StaticString {
        switch code {
        case .timedOut: "timed out"
        case .unreachable: "nobody answers there"
        case .notTrusted: "its certificate is not trusted"
        case .tls: "it speaks no TLS that is taken"
        case .addressRefused: "its address is not one that messages may go to"
        case .tooLong: "it answered too much"
        case .badAddress: "its address cannot be used"
        case .malformed: "it does not speak HTTP"
        case .libraryMissing, .ownCertificate, .cancelled, .failure: "it could not be sent"
        }
    }
}
