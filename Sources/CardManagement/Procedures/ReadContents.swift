package import GlobalPlatform
package import SmartCard

/// Everything a card's registry tells, and its memory report.
package struct CardContents: Hashable, Sendable {
    package var issuerDomain: RegistryEntry.Application?
    package var applications: [RegistryEntry.Application]
    package var loadFiles: [RegistryEntry.LoadFile]
    package var resources: CardResources?

    package init(
        issuerDomain: RegistryEntry.Application? = nil, applications: [RegistryEntry.Application] = [],
        loadFiles: [RegistryEntry.LoadFile] = [], resources: CardResources? = nil
    ) {
        self.issuerDomain = issuerDomain
        self.applications = applications
        self.loadFiles = loadFiles
        self.resources = resources
    }

    package func application(_ aid: AID) -> RegistryEntry.Application? {
        applications.first { $0.aid == aid }
    }
    package func loadFile(_ aid: AID) -> RegistryEntry.LoadFile? { loadFiles.first { $0.aid == aid } }

    /// Applications made from a load file, where the card tells from which they were made.
    package func instances(of loadFile: RegistryEntry.LoadFile) -> [RegistryEntry.Application] {
        applications.filter { $0.loadFile == loadFile.aid }
    }
}

/// Reads the whole registry: one order, and one more for every page that a card adds.
package struct ReadContents: Procedure {
    /// No card lists more pages than this; one that does is broken or hostile.
    package static let pageCountMax = 256

    private enum State {
        case start
        case overview
        case paging(RegistryScope)
    }

    private struct Question {
        let scope: RegistryScope
        let format: RegistryFormat
        var command: CommandAPDU { .getStatus(scope, format: format) }
        var nextPage: CommandAPDU { .getStatus(scope, format: format, isNext: true) }
    }

    private var state = State.start
    private var questions: [Question]
    private var current: Question?
    private var pages: [UInt8] = []
    private var pageCount = 0
    private var contents = CardContents()
    private let readsResources: Bool

    /// - Parameter scopes: fewer, where not everything is needed: each costs a round trip on a card in a reader.
    package init(
        scopes: [RegistryScope] = [.issuerDomain, .applications, .loadFilesAndModules],
        readsResources: Bool = true
    ) {
        self.readsResources = readsResources
        questions = scopes.map { Question(scope: $0, format: .tlv) }
    }

    package mutating func next(
        after answers: [ResponseAPDU]
    ) throws(ProcedureError) -> ProcedureStep<CardContents> {
        switch state {
        case .start:
            state = .overview
            let resources: [CommandAPDU] = readsResources ? [.getData(.extendedCardResources)] : []
            return .send(resources + questions.map(\.command))
        case .overview:
            return try takeOverview(answers)
        case .paging:
            guard let answer = answers.first else { throw .unanswered }
            return try takePage(answer)
        }
    }

    private mutating func takeOverview(
        _ answers: [ResponseAPDU]
    ) throws(ProcedureError) -> ProcedureStep<CardContents> {
        let offset = readsResources ? 1 : 0
        if readsResources, let data = answers.successData(at: 0), let object = try? BERTLV.readOne(data) {
            contents.resources = try? CardResources(value: object.value)
        }
        var unfinished: [Question] = []
        for (index, question) in questions.enumerated() {
            // A carrier that stopped at a refusal leaves the rest to be asked one by one.
            guard answers.indices.contains(index + offset) else {
                unfinished.append(question)
                continue
            }
            switch try judge(answers[index + offset], question) {
            case .complete(let data): try add(data, question)
            // Asking about another scope has made the card forget where it was: begin that scope again.
            case .page: unfinished.append(question)
            case .askAgain(let other): unfinished.append(other)
            }
        }
        questions = unfinished
        return nextQuestion()
    }

    private mutating func nextQuestion() -> ProcedureStep<CardContents> {
        guard !questions.isEmpty else { return .done(contents) }
        let question = questions.removeFirst()
        current = question
        pages = []
        pageCount = 0
        state = .paging(question.scope)
        return .send([question.command])
    }

    private mutating func takePage(_ answer: ResponseAPDU) throws(ProcedureError) -> ProcedureStep<
        CardContents
    > {
        guard let question = current else { throw .unanswered }
        switch try judge(answer, question) {
        case .complete(let data):
            try add(pages + data, question)
            return nextQuestion()
        case .page(let data):
            pages += data
            pageCount += 1
            guard pageCount < Self.pageCountMax else { throw .endless(question.command) }
            return .send([question.nextPage])
        case .askAgain(let other):
            questions.insert(other, at: 0)
            return nextQuestion()
        }
    }

    private enum Judgement {
        case complete([UInt8])
        case page([UInt8])
        case askAgain(Question)
    }

    private func judge(_ answer: ResponseAPDU, _ question: Question) throws(ProcedureError) -> Judgement {
        switch answer.status {
        case .success: return .complete(answer.data)
        case 0x6310: return .page(answer.data)
        // Nothing matches: an empty registry, not an error (GPCS 2.3.1 table 11-39). 6A82 and 6A80 are seen for it too.
        case 0x6A88, 0x6A82: return .complete([])
        default: break
        }
        // Cards of GP 2.1.1 refuse the TLV form, and some refuse to list modules.
        if question.format == .tlv, answer.status == 0x6A86 || answer.status == 0x6A80 {
            return .askAgain(Question(scope: question.scope, format: .legacy))
        }
        if question.scope == .loadFilesAndModules {
            return .askAgain(Question(scope: .loadFiles, format: .tlv))
        }
        // A supplementary domain without Global Registry may not ask about the issuer domain.
        if question.scope == .issuerDomain { return .complete([]) }
        throw .refused(question.command, answer.status)
    }

    private mutating func add(_ data: [UInt8], _ question: Question) throws(ProcedureError) {
        let entries: [RegistryEntry]
        do {
            entries = try RegistryReader.read(data, scope: question.scope, format: question.format)
        } catch {
            throw .malformed(question.command, reason: "\(error)")
        }
        for entry in entries {
            switch entry {
            case .issuerDomain(let domain): contents.issuerDomain = domain
            case .application(let application): contents.applications.append(application)
            case .loadFile(let loadFile): contents.loadFiles.append(loadFile)
            }
        }
    }
}
