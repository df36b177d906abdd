internal import GlobalPlatform
package import SmartCard

/// Who is associated with whom (GPCS 2.3.1 §7.2).
extension CardState {
    package var issuerDomain: ApplicationEntry { applications[0] }

    package func application(_ aid: AID) -> ApplicationEntry? { applications.first { $0.aid == aid } }
    package func loadFile(_ aid: AID) -> LoadFileEntry? { loadFiles.first { $0.aid == aid } }

    func index(of aid: AID) -> Int? { applications.firstIndex { $0.aid == aid } }

    /// The domains above an entry, the directly associated one first; a domain associated with itself ends
    /// the chain.
    func ancestors(domain: AID) -> [AID] {
        var chain: [AID] = []
        var next = domain
        // A chain cannot be longer than the registry; a loop would be our bug and must not hang the card.
        for _ in 0...applications.count {
            guard !chain.contains(next), let entry = application(next) else { return chain }
            chain.append(next)
            next = entry.domain
        }
        return chain
    }

    /// Whether `domain` is directly or indirectly associated with what `owner` is directly associated with.
    func isAssociated(_ domain: AID, withContentOf owner: AID) -> Bool {
        ancestors(domain: owner).contains(domain)
    }

    /// Whether two domains stand in one line of descent.
    func areRelated(_ first: AID, _ second: AID) -> Bool {
        isAssociated(first, withContentOf: second) || isAssociated(second, withContentOf: first)
    }

    /// The domain whose keys serve an application or domain: a domain without channel keys uses those of the
    /// one above (GPCS 2.3.1 §7.2).
    func keyOwner(for entry: ApplicationEntry) -> AID? {
        let start = entry.isSecurityDomain ? entry.aid : entry.domain
        return ancestors(domain: start).first { domains[$0]?.defaultKeySet != nil }
    }

    /// The domain with a privilege in the sub-hierarchy that starts at the nearest domain with Authorized
    /// Management above `domain` (GPCS 2.3.1 §9.1.3.1, §9.1.3.6).
    func authority(_ privilege: Privileges, over domain: AID) -> ApplicationEntry? {
        let chain = ancestors(domain: domain)
        for aid in chain {
            if let entry = application(aid), entry.privileges.has(privilege) { return entry }
        }
        let root = chain.first { application($0)?.privileges.has(.authorizedManagement) == true }
        guard let root else { return nil }
        return applications.first {
            $0.privileges.has(privilege) && ancestors(domain: $0.aid).contains(root)
        }
    }
}
