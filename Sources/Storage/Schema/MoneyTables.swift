internal import Centre

/// What custody costs, and how long what was kept.
enum MoneyTables {
    static let sql = """
        CREATE TABLE tariffs (
            provider TEXT NOT NULL REFERENCES providers (id),
            application TEXT NOT NULL,
            valid_from BIGINT NOT NULL,
            basis TEXT NOT NULL CHECK (basis IN ('day', 'kilobyte-day')),
            rate BIGINT NOT NULL CHECK (rate >= 0),
            currency TEXT NOT NULL,
            free_days BIGINT NOT NULL CHECK (free_days >= 0),
            minimum BIGINT NOT NULL CHECK (minimum >= 0),
            cap BIGINT CHECK (cap >= minimum),
            recorded_at BIGINT NOT NULL,
            PRIMARY KEY (provider, application, valid_from)
        );
        CREATE TABLE custody_stays (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            ordinal BIGINT NOT NULL,
            provider TEXT NOT NULL,
            application TEXT NOT NULL,
            holder TEXT,
            since BIGINT NOT NULL,
            until BIGINT,
            end_month BIGINT,
            byte_count BIGINT NOT NULL CHECK (byte_count >= 0),
            digest BYTEA NOT NULL,
            PRIMARY KEY (card, aid, ordinal),
            CHECK ((until IS NULL) = (end_month IS NULL))
        );
        -- Statements ask for one provider's or holder's stays, a month of their ends at a time.
        CREATE INDEX custody_stays_by_provider ON custody_stays (provider, end_month, card, aid, ordinal);
        CREATE INDEX custody_stays_by_holder ON custody_stays (holder, end_month, card, aid, ordinal);
        CREATE INDEX custody_stays_by_application ON custody_stays (application, end_month);
        """

    static let records: [any Record.Type] = [Tariff.self, Stay.self]
}
