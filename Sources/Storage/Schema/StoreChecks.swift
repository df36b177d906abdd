internal import Centre

extension StoredRecords {
    /// What `berth store check` holds what is kept against, beyond that every row can be read.
    package static let checks = [StoreCheck("audit chains", auditFindings)]

    /// Every chain from its first link to its head: those of the cards, and that of everything else.
    private static func auditFindings(_ transaction: any Transaction) throws -> [String] {
        var findings: [String] = []
        func look(_ stream: AuditStream, _ head: AuditHead) throws {
            switch try AuditChainCheck.run(stream, head: head, transaction) {
            case .whole: break
            case .broken(let number):
                findings.append("the audit chain of \(stream.text) is broken at entry \(number)")
            case .endsElsewhere(let links, let head):
                findings.append(
                    "the audit chain of \(stream.text) has \(links) entries where there should be \(head)")
            }
        }
        try transaction.forEachRecord(Card.self) { card in
            try look(.card(card.id), AuditHead(bytes: card.auditHead))
        }
        try transaction.forEachRecord(AuditStreamHead.self) { try look($0.stream, $0.head) }
        return findings
    }
}

extension Transaction {
    /// Rows that cannot be read are another check's business.
    fileprivate func forEachRecord<R: Record>(_ type: R.Type, _ body: (R) throws -> Void) throws {
        try forEachRow(of: R.table) { row in
            guard var reader = try? RowReader(R.table, row), let record = try? R(row: &reader) else { return }
            try body(record)
        }
    }
}
