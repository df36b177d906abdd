internal import CardManagement
package import HTTPClient
internal import JSON
package import SmartCard
internal import Wire

/// What a person comes for, said on the command line or chosen from the menu.
package enum Errand: Hashable, Sendable {
    case add(String)
    case remove(String)
    case park(String)
    case restore(String)
    /// What the holder had comes onto this card.
    case renew
    case list
    case statement(month: String)
}

/// Why an errand did not come to its end; the words were shown already.
package enum KioskFailure: Error, Hashable {
    case centre(CentreFailure)
    case cardUnreadable
    case cardGone
    case cardUnknown
    case cardNotServed(String)
    /// With the kind of the first obstacle in the plan, where it names one.
    case notFeasible(String?)
    case declined
    case notHeld(String)
    case failed(String)
    case unfinished
    case notKept(String)
    case cancelled
}

/// One card at a terminal, from putting it in to taking it out: everything that a person can do, on a narrow display.
package final class Kiosk {
    /// What a kiosk works with; the program gives the real ones.
    package struct Surroundings {
        package var link: CentreLink
        package var queue: ReportQueue
        package var greeting: GreetingFile
        /// Random and new, in hexadecimal digits.
        package var newName: () -> String
        package var pause: (Duration) -> Void
        package var cancellation: Cancellation
        /// How long the centre may stay away.
        package var patience: Duration

        package init(
            link: CentreLink, queue: ReportQueue, greeting: GreetingFile, newName: @escaping () -> String,
            pause: @escaping (Duration) -> Void, cancellation: Cancellation, patience: Duration
        ) {
            self.link = link
            self.queue = queue
            self.greeting = greeting
            self.newName = newName
            self.pause = pause
            self.cancellation = cancellation
            self.patience = patience
        }
    }

    private static let roundsMax = 120
    /// A card is read once; more often only where something came for it meanwhile.
    private static let readingsMax = 4

    let around: Surroundings
    let narrator: Narrator
    package var desk: CentreDesk
    private let channel: any CardChannel
    package let card: String
    /// The issuer domain, where the card says that its challenges are random.
    private let greeted: AID?
    private var session: CardSession?

    /// Reads the name of the card.
    package init(
        _ channel: any CardChannel, _ around: Surroundings, _ narrator: Narrator, desk: CentreDesk
    ) throws(KioskFailure) {
        self.channel = channel
        self.around = around
        self.narrator = narrator
        self.desk = desk
        narrator.say(.readingCard)
        do {
            let identity = try CardLink(channel).run(IdentifyCard())
            guard let id = identity.cardID else { throw KioskFailure.cardUnreadable }
            card = id
            greeted = identity.isChallengeRandom ? identity.issuerDomain : nil
        } catch {
            narrator.tell("card-unreadable")
            narrator.say(.cardNotServed, .askStaff)
            throw .cardUnreadable
        }
        narrator.tell("card", ["card": .string(card)])
    }

    // MARK: Work

    /// Does what waits for this card; true when something was done.
    @discardableResult
    package func doWaitingWork() throws(KioskFailure) -> Bool {
        narrator.forget()
        guard try carry() else { return false }
        return try judge()
    }

    /// One round with the centre: true when it ended the session, false when there is nothing to do now.
    private func carry() throws(KioskFailure) -> Bool {
        let session = self.session ?? newSession(around.newName())
        self.session = session
        switch session.run(waits: false, patience: around.patience) {
        case .idle: return false
        case .stopped:
            self.session = nil
            return true
        case .cancelled:
            self.session = nil
            throw .cancelled
        case .offline(let failure), .failed(let failure):
            self.session = nil
            showFailure(failure)
            throw .centre(failure)
        case .notKept(let why):
            self.session = nil
            throw .notKept(why)
        }
    }

    private func newSession(_ name: String) -> CardSession {
        CardSession(
            name, SecureElement(.undefined, id: card), channel, link: around.link,
            queue: around.queue, until: around.cancellation, pause: around.pause
        ) { [narrator] event in narrator.show(event) }
    }

    /// What the end of a session was.
    private func judge() throws(KioskFailure) -> Bool {
        guard let ending = narrator.ending else { return false }
        switch ending.event {
        case "done": return true
        case "failed": throw .failed(ending.message ?? "")
        case "card-unknown": throw .cardUnknown
        case "stopped": throw .cardNotServed(ending.message ?? "")
        default: throw .cardGone
        }
    }

    /// Tells a person what is wrong with the centre, and that nothing is lost.
    func showFailure(_ failure: CentreFailure) {
        narrator.tell("failure", ["why": .string(failure.words)])
        switch failure {
        case .unreachable(let error) where error.code == .notTrusted:
            narrator.say(.centreUntrusted, .askStaff)
        case .unreachable: narrator.say(.centreAway, .nothingLost)
        case .refused(let refusal):
            narrator.show(narrator.display.told(code: refusal.code, refusal.detail, refusal.remedy))
        case .malformed: narrator.say(.centreAway, .askStaff)
        }
    }

    // MARK: Errands

    /// Whether what a plan says may be done.
    package enum Consent {
        /// Said in advance: nobody is asked.
        case given
        /// Asked after the plan was shown.
        case asked(() throws -> Bool)

        fileprivate var isGiven: Bool { if case .given = self { true } else { false } }
    }

    package func run(_ errand: Errand, _ consent: Consent) throws(KioskFailure) {
        switch errand {
        case .add(let name): try wish([.add(name)], consent)
        case .remove(let name): try wish([.remove(name)], consent)
        case .park(let name): try wish([.park(name)], consent)
        case .restore(let name): try restore(name, consent)
        case .renew: try wish([.renew], consent)
        case .list: try list()
        case .statement(let month): try statement(month)
        }
    }

    /// The holder takes this card: it is said how many cards that makes. Signs the holder in.
    package func takeNewCard(
        expiry: String, holder: String, password: UnsafeRawBufferPointer
    ) throws(CentreFailure) {
        let number = try desk.takeNewCard(
            card, expiry: expiry, holder: holder, password: password, key: around.newName())
        narrator.tell("new-card", ["issueNumber": .count(number)])
        narrator.say(.cardIsYours(number: number), .newCardIntroduction)
    }

    private func restore(_ name: String, _ consent: Consent) throws(KioskFailure) {
        let kept = try ask { (desk) throws(CentreFailure) in try desk.kept(of: self.card) }
        guard let item = kept.last(where: { $0.application == name && $0.isHeld }) else {
            narrator.tell("not-held", ["application": .string(name)])
            narrator.show(narrator.display.pair(.inCustody, narrator.display.text(.nothingThere)))
            throw .notHeld(name)
        }
        try wish([.restore(card: item.card, aid: item.aid, stay: item.stay)], consent)
    }

    private func list() throws(KioskFailure) {
        let names = try ask { (desk) throws(CentreFailure) in try desk.applications(on: self.card) }
        // Whose card it is must have signed in to see what is kept.
        let kept = try? desk.kept(of: card)
        let memory = try ask { (desk) throws(CentreFailure) in try desk.memory(of: self.card) }
        narrator.tell(
            "list",
            [
                "card": .string(card), "applications": .array(names.map { .string($0) }),
                "custody": kept.map { .array($0.map(\.json)) } ?? .null,
                "memory": memory?.json ?? .null,
            ])
        narrator.show(narrator.display.list(applications: names, kept: kept))
        show(memory, .memoryNow)
    }

    private func statement(_ month: String) throws(KioskFailure) {
        let statement = try ask { (desk) throws(CentreFailure) in try desk.statement(month: month) }
        narrator.tell("statement", ["statement": statement])
        narrator.show(narrator.display.bill(statement))
    }

    // MARK: Wishes

    private func wish(_ wishes: [CentreDesk.Wish], _ consent: Consent) throws(KioskFailure) {
        var visit = try self.visit(wishes, begins: consent.isGiven)
        guard let plan = visit.plan else { throw .unfinished }
        narrator.tell("plan", ["plan": plan])
        narrator.show(narrator.display.plan(plan))
        guard plan["isFeasible"]?.boolValue == true else {
            let obstacle = plan["objections"]?.arrayValue?.first { $0["isObstacle"]?.boolValue == true }
            throw .notFeasible(obstacle?["kind"]?.stringValue)
        }
        if case .asked(let approve) = consent {
            try require(approve)
            visit = try self.visit(wishes, begins: true, approval: plan["approval"]?.stringValue)
        }
        guard let operation = visit.operation else { throw .unfinished }
        let before = visit.memory
        narrator.tell("operation", ["operation": .string(operation)])
        narrator.say(.leaveCardIn)
        try finish(operation)
        let after = narrator.ending?.memory ?? before
        narrator.tell("memory", ["before": before?.json ?? .null, "after": after?.json ?? .null])
        show(before, .memoryBefore)
        show(after, .memoryAfter)
        showBill()
        narrator.say(.takeCard)
    }

    private func require(_ approve: () throws -> Bool) throws(KioskFailure) {
        let isApproved: Bool
        do { isApproved = try approve() } catch { throw .cancelled }
        guard isApproved else {
            narrator.tell("declined")
            narrator.say(.declined)
            throw .declined
        }
    }

    /// Opens a session with what is wished; what waits for the card, and the reading of it, go first.
    private func visit(
        _ wishes: [CentreDesk.Wish], begins: Bool, approval: String? = nil
    ) throws(KioskFailure) -> CentreDesk.Visit {
        narrator.forget()
        for _ in 0..<Self.readingsMax {
            // Whatever is lost on the way: the same key is the same operation.
            let (name, key) = (around.newName(), around.newName())
            let greeting = begins ? greet() : nil
            let visit = try ask { (desk) throws(CentreFailure) in
                try desk.visit(
                    wishes, approval: approval, begins: begins, of: self.card, greeting: greeting,
                    session: name, key: key)
            }
            if let next = visit.greeting { around.greeting.keep(next) }
            let session = newSession(name)
            session.begin(with: visit.order)
            self.session = session
            if visit.plan != nil { return visit }
            if try carry() { _ = try judge() }
        }
        narrator.say(.willGoOn, .nothingLost)
        throw .unfinished
    }

    /// Sends the card what the centre said for whichever came next. One that computes its challenge from a counter
    /// would count, and the centre may have computed a session with it.
    private func greet() -> CentreDesk.Greeting? {
        guard let greeted, let commands = around.greeting.take(),
            (try? channel.exchange(.select(greeted))) != nil
        else { return nil }
        let answers = commands.compactMap { try? channel.exchange($0) }
        return answers.count == commands.count ? (commands, answers) : nil
    }

    /// Goes on until the operation has ended.
    private func finish(_ operation: String) throws(KioskFailure) {
        narrator.forget()
        for _ in 0..<Self.roundsMax {
            guard !around.cancellation.isCancelled else { throw .cancelled }
            if try carry() {
                let isDone = try judge()
                if isDone, narrator.ending?.operation == operation { return }
            }
            let state = try ask { (desk) throws(CentreFailure) in
                try desk.operation(operation, on: self.card)
            }
            switch state["state"]?.stringValue {
            case "done": return
            case "failed", "cancelled", "needs-person":
                let why = state["reason"]?.stringValue ?? ""
                narrator.say(.failed)
                narrator.show(
                    narrator.display.told(
                        code: state["reasonCode"]?.stringValue,
                        about: (state["reasonSubjects"]?.arrayValue ?? []).compactMap(\.stringValue), why,
                        state["nextStep"]?.stringValue, indent: "  "))
                throw .failed(why)
            default: around.pause(.seconds(1))
            }
        }
        narrator.say(.willGoOn, .nothingLost)
        throw .unfinished
    }

    /// Row B12, where the holder has signed in: what custody costs this holder until now.
    private func showBill() {
        guard desk.holderToken != nil, let kept = try? desk.kept(of: card), !kept.isEmpty else { return }
        var lines = [narrator.display.text(.bill)]
        for item in kept {
            lines += narrator.display.folded(
                "  \(item.application): \(item.cost ?? "-")", indent: 4)
        }
        narrator.show(lines)
        narrator.tell(
            "bill",
            [
                "custody": .array(
                    kept.map {
                        [
                            "application": .string($0.application),
                            "cost": $0.cost.map { .string($0) } ?? .null,
                        ]
                    })
            ])
    }

    private func show(_ memory: SeramNotice.Memory?, _ label: Message) {
        guard let memory else { return }
        narrator.show(narrator.display.memory(label, used: memory.used, free: memory.free))
    }

    /// A question to the centre; while it is away it is asked again.
    private func ask<Result>(
        _ question: (CentreDesk) throws(CentreFailure) -> Result
    ) throws(KioskFailure) -> Result {
        var waited = Duration.zero
        while true {
            do throws(CentreFailure) {
                return try question(desk)
            } catch {
                guard error.isPassing, waited < around.patience, !around.cancellation.isCancelled else {
                    showFailure(error)
                    throw .centre(error)
                }
                narrator.show(.offline(error, again: .seconds(1)))
                around.pause(.seconds(1))
                waited += .seconds(1)
            }
        }
    }
}
