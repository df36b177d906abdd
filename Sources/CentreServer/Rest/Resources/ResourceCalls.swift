internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

// What the endpoints of this folder have in common.

extension RestCall {
    /// The body as a form; what its schema could not say is told with its place.
    func form<F: Form>(_ type: F.Type = F.self) throws -> F {
        try reading { () throws(FormProblem) in try F(json: body) }
    }

    func reading<Value>(_ body: () throws(FormProblem) -> Value) throws -> Value {
        do throws(FormProblem) {
            return try body()
        } catch {
            throw Problem.member(error.pointer, "This \(error.problem).")
        }
    }

    /// The provider of the path, if it is the caller's own or the caller is of the centre; else there is none.
    func ownProvider(_ name: String = "provider") throws -> ProviderID {
        let provider: ProviderID = try self.name(name)
        try requireOwn(provider)
        return provider
    }

    /// What is another provider's is not there.
    func requireOwn(_ provider: ProviderID) throws {
        guard principal.tenant == nil || principal.tenant == provider else {
            throw Problem.notFound("provider '\(provider)'")
        }
    }

    /// Whose rows a list shows: the caller's own, or those that the query names.
    func tenantFilter(_ name: String = "provider") throws -> ProviderID? {
        let asked: ProviderID? = try find(name)
        guard let tenant = principal.tenant else { return asked }
        if let asked { try requireOwn(asked) }
        return tenant
    }

    func aid(_ name: String) throws -> AID {
        guard let text = text(name), let aid = try? AID(hex: text) else {
            throw Problem.invalid("The path has no '\(name)'.")
        }
        return aid
    }

    func instant(_ name: String) -> Instant? { text(name).flatMap { Instant($0) } }

    func reason() -> String { body["reason"]?.stringValue ?? "" }

    /// Whether the client wants this rather than JSON: the first type of `Accept` that we have counts.
    func wants(_ mediaTypes: [String]) -> String? {
        let wanted = request.fields.values("Accept").flatMap { $0.split(separator: ",") }
        return wanted.lazy.map { $0.prefix { $0 != ";" }.trimmed.lowercased() }
            .first { mediaTypes.contains($0) }
    }
}

extension Node {
    /// Which centre this is, for events: the same on every node, another for every store.
    var eventSource: String {
        let id = (try? vault.wrappingKeys())?.vault ?? []
        return "urn:berth:" + (id.isEmpty ? "centre" : id.hex)
    }
}
