package import Arguments
internal import CardCrypto
package import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// One installation from the check to the measure.
struct Installation {
    private let file: CAPFile
    private let desk: CardDesk
    private let request: InstallRequest
    private var parsed: ParsedCommand { desk.parsed }
    private var terminal: Terminal { desk.terminal }

    init(_ file: CAPFile, _ instances: [InstallRequest.Instance], _ desk: CardDesk) {
        self.file = file
        self.desk = desk
        let estimate = FootprintEstimate(file, on: .typical)
        let wanted = Set(instances.map(\.module))
        let made = estimate.instances.filter { wanted.contains($0.applet.aid) }
        let nonVolatile = made.reduce(estimate.code) { $0 + $1.nonVolatile }
        request = InstallRequest(
            package: .init(file.loadFile), imports: file.imports.map { .init($0) },
            modules: file.applets.map(\.aid), instances: instances, nonVolatileLow: nonVolatile.low,
            nonVolatileExpected: nonVolatile.expected,
            volatileExpected: made.reduce(0) { $0 + $1.volatile.expected },
            replaces: desk.parsed[InstallOptions.replace], domain: desk.parsed[InstallOptions.into])
    }

    func run() throws {
        let signing = try SigningKeys(desk)
        try ReceiptBook(desk).check()
        try desk.authenticate()
        let before = try desk.link.run(ReadContents(scopes: [.applications, .loadFilesAndModules]))
        let plan = InstallPlan(request, on: before)
        // Before anything changes: a record that cannot be read must not come to light after.
        let history = try MemoryHistory(desk)
        let view = InstallPlanView(plan, request, resources: before.resources)
        if !terminal.isJSON { view.show(on: terminal) }
        if !plan.obstacles.isEmpty, !parsed[InstallOptions.force] { throw view.problem }
        guard !desk.isDryRun else {
            if terminal.isJSON { terminal.print(json: view.dryRunJSON) } else { view.showSteps(on: terminal) }
            return
        }
        let outcome = try carryOut(plan, signing)
        try? history.installed(request.package.aid, plan, before: before, after: outcome.resources)
        let receipts = try ReceiptBook(desk).enter(outcome.confirmations)
        report(plan, view, before: before.resources, outcome, receipts)
    }

    private func carryOut(_ plan: InstallPlan, _ signing: SigningKeys) throws -> InstallProcedure.Outcome {
        let load = try signing.load(file.loadFileDataBlock())
        guard
            let procedure = try InstallProcedure(
                plan: plan, package: request.package.aid, load: load, domain: desk.securityDomain,
                blockBytesMax: blockBytes, token: signing.issuer.token)
        else {
            throw Problem(
                "cap-too-large", exit: .badData, "the file has more blocks than a card can count",
                why: "LOAD numbers its blocks with one byte, so 256 blocks are the most",
                advice: ["leave --block-size out", "use --mode mac, which leaves more room in each block"])
        }
        var bar = ProgressBar(
            plan.isDone ? "Checking" : "Installing", total: procedure.byteCount, on: terminal)
        do {
            let outcome = try desk.link.run(procedure) { done in
                bar.advance(to: done)
                return terminal.interrupts.raised() == nil
            }
            bar.finish()
            return outcome
        } catch {
            if case LinkError.procedure(.refused(_, let status)) = error {
                bar.stop("the card refused")
                throw status == 0x6438 ? importRefused(Problem(error), plan) : error
            }
            bar.stop("it goes on when the same command is run again")
            throw unfinished(error)
        }
    }

    /// Short commands unless longer ones are asked for: a card or reader that cannot take them may not say so.
    private var blockBytes: Int {
        guard let wanted = parsed[InstallOptions.blockSize] else { return desk.link.commandDataMax }
        let isShort = wanted <= 255
        return min(
            wanted, isShort ? desk.link.commandDataMax : desk.link.commandDataMax(lengthMax: wanted))
    }

    /// Cards do not list the packages of their platform, so it is now that one of them turns out to be missing.
    private func importRefused(_ problem: Problem, _ plan: InstallPlan) -> Problem {
        let assumed = plan.findings.compactMap { finding -> String? in
            guard case .importAssumed(let package) = finding else { return nil }
            return "\(KnownAIDs.text(package.aid.bytes)) version \(package.versionText)"
        }
        guard !assumed.isEmpty, plan.obstacles.isEmpty else { return problem }
        return Problem(
            problem.code, exit: problem.exit, problem.what,
            why: "the card lacks one of these, or has it in an older version: "
                + assumed.joined(separator: ", "),
            advice: ["build the file for the platform that this card has", "or use a card that has them"],
            details: problem.details.adding("assumedImports", .array(assumed.map { .string($0) })))
    }

    /// Whatever stopped it, nothing has to be cleaned up by hand; a refusal keeps its own explanation.
    private func unfinished(_ error: any Error) -> any Error {
        guard case LinkError.stopped = error else { return error }
        return Problem(
            "interrupted", exit: .interrupted, "interrupted; the card was left between two commands",
            advice: ["run the same command again: it finishes or cleans up what it began"])
    }

    private func report(
        _ plan: InstallPlan, _ view: InstallPlanView, before: CardResources?,
        _ outcome: InstallProcedure.Outcome, _ receipts: [ReceiptBook.Entry]
    ) {
        var took: Int?
        if let before, let after = outcome.resources { took = before.freeNonVolatile - after.freeNonVolatile }
        if terminal.isJSON {
            var object: JSONObject = [
                "plan": view.json, "apdus": .count(desk.link.commandCount),
                "roundTrips": .count(desk.link.roundTripCount),
            ]
            object["footprintBytes"] = took.map { .count($0) }
            object["freeNonVolatile"] = outcome.resources.map { .count($0.freeNonVolatile) }
            object["receipts"] = .array(receipts.map(\.json))
            terminal.print(json: .object(object))
            return
        }
        if plan.isDone {
            terminal.print("Nothing to do: everything is on the card.")
            return
        }
        for instance in request.instances { terminal.print("Installed \(instance.aid).") }
        if request.instances.isEmpty { terminal.print("Loaded \(request.package.aid).") }
        if let took, let after = outcome.resources {
            terminal.print("It took \(took) bytes; \(after.freeNonVolatile) bytes are free now.")
        }
        for receipt in receipts { terminal.print(receipt.text) }
    }
}

extension InstallRequest.Package {
    fileprivate init(_ package: CAPPackage) {
        self.init(aid: package.aid, major: package.version.major, minor: package.version.minor)
    }
}

extension SignedLoadFileError: ExplainedError {
    package var problem: Problem {
        Problem(
            "load-file-not-signed", exit: .badData, "the load file cannot be signed", why: "\(self)",
            advice: ["give a stronger hash with --hash sha256"])
    }
}
