internal import Centre

/// Operations, what they intended and what came of it, who has a card at the moment, and what cards confirmed.
enum OperationTables {
    // One operation per card at a time, also when two transactions do not see each other.
    static let sql = """
        CREATE TABLE operations (
            card TEXT NOT NULL,
            id TEXT NOT NULL,
            is_open BIGINT NOT NULL CHECK (is_open IN (0, 1)),
            wishes BYTEA NOT NULL,
            steps BYTEA NOT NULL,
            done TEXT NOT NULL,
            begun TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN (
                'waiting', 'running', 'undoing', 'done', 'failed', 'cancelled', 'needs-person')),
            reason TEXT,
            next_step TEXT,
            requested_at BIGINT NOT NULL,
            deadline BIGINT NOT NULL,
            is_past_return BIGINT NOT NULL CHECK (is_past_return IN (0, 1)),
            is_cancel_requested BIGINT NOT NULL CHECK (is_cancel_requested IN (0, 1)),
            idle_orders BIGINT NOT NULL,
            order_count BIGINT NOT NULL,
            journal_count BIGINT NOT NULL,
            last_refusal TEXT,
            pending_keys TEXT,
            replaced_key_version BIGINT,
            PRIMARY KEY (card, id),
            CHECK ((is_open = 1) = (state IN ('waiting', 'running', 'undoing')))
        );
        CREATE UNIQUE INDEX operations_open ON operations (card) WHERE is_open = 1;
        CREATE INDEX operations_by_deadline ON operations (is_open, deadline);
        CREATE TABLE operation_journal (
            card TEXT NOT NULL,
            operation TEXT NOT NULL,
            number BIGINT NOT NULL,
            at BIGINT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('intent', 'result')),
            step BIGINT,
            words TEXT NOT NULL,
            PRIMARY KEY (card, operation, number)
        );
        CREATE TABLE card_leases (
            card TEXT NOT NULL PRIMARY KEY,
            visit BYTEA NOT NULL,
            terminal TEXT,
            until BIGINT NOT NULL
        );
        CREATE TABLE confirmations (
            card TEXT NOT NULL,
            number BIGINT NOT NULL,
            operation TEXT,
            at BIGINT NOT NULL,
            counter BIGINT,
            is_proved BIGINT NOT NULL CHECK (is_proved IN (0, 1)),
            fields BYTEA NOT NULL,
            data BYTEA NOT NULL,
            PRIMARY KEY (card, number)
        );
        CREATE TABLE agent_sessions (
            terminal TEXT NOT NULL,
            id TEXT NOT NULL,
            opening BYTEA NOT NULL,
            opened_at BIGINT NOT NULL,
            is_started BIGINT NOT NULL CHECK (is_started IN (0, 1)),
            PRIMARY KEY (terminal, id)
        );
        CREATE TABLE receipt_trails (
            card TEXT NOT NULL,
            domain BYTEA NOT NULL,
            last BIGINT NOT NULL CHECK (last BETWEEN 0 AND 65535),
            missing TEXT NOT NULL,
            PRIMARY KEY (card, domain)
        );
        """

    /// Rows from before do not say who asked.
    static let askers = "ALTER TABLE operations ADD COLUMN asked_by TEXT"

    static let records: [any Record.Type] = [
        Operation.self, JournalEntry.self, Lease.self, KeptConfirmation.self, AgentSession.self,
        ReceiptTrail.self,
    ]
}
