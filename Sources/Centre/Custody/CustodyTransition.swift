internal import CardManagement
internal import GlobalPlatform

extension Custody {
    /// What becomes of the stay; an event that was carried out before changes nothing.
    ///
    /// Whoever calls this has verified the card's answer, and writes the result in the same transaction as what it is
    /// based on.
    package func after(_ event: CustodyEvent, at now: Instant) throws(CustodyRefusal) -> Custody {
        switch event {
        case .imageKept(let digest, let byteCount): try kept(digest, byteCount)
        case .surrenderIntended: try surrenderIntended()
        case .surrendered(let evidence): try surrendered(evidence, now)
        case .thawed(let evidence): try thawed(evidence, now)
        case .returnIntended(let card): try returnIntended(to: card, now)
        case .committed(let evidence, let card): try committed(evidence, on: card, now)
        case .returnAbandoned(let evidence, let card): try returnAbandoned(evidence, on: card)
        case .cardLost(let card, let reason): try cardLost(card, reason, now)
        case .neverFrozen: try notLeaving("the card never froze it", now)
        case .removed: try notLeaving("it was removed from its card", now)
        case .dismissed(let reason): try dismissed(reason, now)
        }
    }

    // MARK: Leaving

    private func kept(_ digest: [UInt8], _ byteCount: Int) throws(CustodyRefusal) -> Custody {
        switch state {
        case .frozen, .provisional: break
        case .surrendering, .held, .returning, .returned, .discarded: throw .outOfOrder(.keep, state)
        }
        guard hasImage else { throw .outOfOrder(.keep, state) }
        guard byteCount == imageBytes else {
            throw .incomplete(byteCount: byteCount, wanted: imageBytes)
        }
        guard digest == self.digest else { throw .otherDigest }
        return with(.provisional)
    }

    private func surrenderIntended() throws(CustodyRefusal) -> Custody {
        switch state {
        case .provisional, .surrendering: return with(.surrendering)
        case .frozen: throw .notKept
        case .held, .returning, .returned, .discarded: throw .outOfOrder(.surrender, state)
        }
    }

    private func surrendered(_ evidence: InstanceEvidence, _ now: Instant) throws(CustodyRefusal) -> Custody {
        switch state {
        case .frozen: throw .notKept
        case .provisional:
            // The card's own word is proof; an instance that is merely gone was not deleted by us.
            guard evidence != .absent else { throw .notIntended }
            guard showsSurrender(evidence) else { throw .notProved(.surrender) }
            return held(since: now)
        case .surrendering:
            guard showsSurrender(evidence) else { throw .notProved(.surrender) }
            return held(since: now)
        case .held: return self
        case .returning, .returned, .discarded: throw .outOfOrder(.surrender, state)
        }
    }

    private func thawed(_ evidence: InstanceEvidence, _ now: Instant) throws(CustodyRefusal) -> Custody {
        switch state {
        case .frozen, .provisional, .surrendering:
            guard showsThaw(evidence) else { throw .notProved(.thaw) }
            return with(.discarded(at: now, reason: "the application went on working on its card"))
        case .discarded: return self
        case .held, .returning, .returned: throw .outOfOrder(.thaw, state)
        }
    }

    /// Nothing was to be given up yet, so what the vault may have is no live copy.
    private func notLeaving(_ reason: String, _ now: Instant) throws(CustodyRefusal) -> Custody {
        switch state {
        case .frozen, .provisional: return with(.discarded(at: now, reason: reason))
        case .discarded: return self
        case .surrendering, .held, .returning, .returned: throw .outOfOrder(.thaw, state)
        }
    }

    // MARK: Coming back

    private func returnIntended(to card: CardID, _ now: Instant) throws(CustodyRefusal) -> Custody {
        switch state {
        case .held: return with(.returning(to: card, since: notBefore(heldSince, now)))
        case .returning(card, _): return self
        case .returning(let other, _): throw .promised(to: other)
        case .frozen, .provisional, .surrendering: throw .notHeld(state)
        case .returned, .discarded: throw .outOfOrder(.restore, state)
        }
    }

    private func committed(
        _ evidence: InstanceEvidence, on card: CardID, _ now: Instant
    ) throws(CustodyRefusal) -> Custody {
        switch state {
        case .returning(card, _):
            guard showsCommit(evidence) else { throw .notProved(.commit) }
            return with(.returned(to: card, at: notBefore(heldSince, now)))
        case .returned(card, _): return self
        case .returning(let other, _), .returned(let other, _): throw .promised(to: other)
        case .frozen, .provisional, .surrendering, .held: throw .notIntended
        case .discarded: throw .outOfOrder(.commit, state)
        }
    }

    private func returnAbandoned(
        _ evidence: InstanceEvidence, on card: CardID
    ) throws(CustodyRefusal) -> Custody {
        switch state {
        case .returning(card, _):
            guard showsNothing(evidence) else { throw .notProved(.abandonment) }
            return heldAgain()
        case .held: return self
        case .returning(let other, _): throw .promised(to: other)
        case .frozen, .provisional, .surrendering, .returned, .discarded:
            throw .outOfOrder(.abandonment, state)
        }
    }

    // MARK: What persons decide

    private func cardLost(
        _ lost: CardID, _ reason: String, _ now: Instant
    ) throws(CustodyRefusal) -> Custody {
        switch state {
        case .frozen where lost == card:
            return with(.discarded(at: now, reason: "lost with its card before it was kept: \(reason)"))
        case .provisional where lost == card, .surrendering where lost == card: return held(since: now)
        case .returning(lost, _): return heldAgain()
        // The vault has the live copy; a card that was to get it may have been lost a moment ago.
        case .held: return self
        case .discarded where lost == card: return self
        case .frozen, .provisional, .surrendering, .returning, .returned, .discarded:
            throw .notOnThatCard(lost)
        }
    }

    private func dismissed(_ reason: String, _ now: Instant) throws(CustodyRefusal) -> Custody {
        switch state {
        case .held: return with(.discarded(at: notBefore(heldSince, now), reason: reason))
        // The card has the live copy, or may have it, and must hear that it is to go on.
        case .frozen, .provisional, .surrendering, .returning: throw .undecided(state)
        case .discarded: return self
        case .returned: throw .outOfOrder(.dismissal, state)
        }
    }

    // MARK: What proves what

    /// The contract's VACANT, with the digest of exactly this image; or no instance at all.
    package func showsSurrender(_ evidence: InstanceEvidence) -> Bool {
        switch evidence {
        case .status(let status):
            hasImage && status.state == .vacant && status.generation == generation
                && status.lineage == lineage && status.digest == digest
        case .absent: true
        case .installed, .personalised: false
        }
    }

    /// A later generation of the same data; without data, the instance itself.
    package func showsThaw(_ evidence: InstanceEvidence) -> Bool {
        switch evidence {
        case .status(let status): hasImage && overtakes(status)
        case .installed, .personalised: !hasImage
        case .absent: false
        }
    }

    package func showsCommit(_ evidence: InstanceEvidence) -> Bool {
        switch evidence {
        case .status(let status):
            // The first generation after the import still has the digest that it was committed from.
            hasImage && overtakes(status)
                && (status.state == .frozen || status.generation > generation + 1 || status.digest == digest)
        case .installed: parking == .stateless
        case .personalised: parking == .stateless || parking == .rePersonalised
        case .absent: false
        }
    }

    /// Nothing that a late command could still bring to life.
    private func showsNothing(_ evidence: InstanceEvidence) -> Bool {
        switch evidence {
        case .status(let status): hasImage && status.state == .vacant
        case .absent: true
        case .installed, .personalised: false
        }
    }

    private func overtakes(_ status: ParkingStatus) -> Bool {
        switch status.state {
        case .active, .frozen: status.lineage == lineage && status.generation > generation
        case .vacant, .importing, .verified: false
        }
    }

    // MARK: Helpers

    private func with(_ state: State) -> Custody {
        var next = self
        next.state = state
        return next
    }

    /// The fee begins to run.
    private func held(since now: Instant) -> Custody {
        let since = notBefore(openedAt, now)
        var next = with(.held(since: since))
        next.heldSince = since
        return next
    }

    /// The fee goes on as if the return had not been tried.
    private func heldAgain() -> Custody { with(.held(since: heldSince ?? openedAt)) }

    /// A clock that was set back makes no stay end before it began.
    private func notBefore(_ earlier: Instant?, _ now: Instant) -> Instant { max(earlier ?? now, now) }
}
