internal import Centre

/// Who and what: holders, providers, the catalogue, the address book; and what was done to them, and what went out.
enum PeopleTables {
    static let sql = """
        CREATE TABLE audit_heads (
            stream TEXT NOT NULL PRIMARY KEY,
            number BIGINT NOT NULL,
            digest BYTEA NOT NULL
        );
        -- There from the beginning, so that the first two acts of all cannot both make it.
        INSERT INTO audit_heads VALUES ('registers', 0, CAST('' AS BYTEA));
        CREATE TABLE audit_entries (
            stream TEXT NOT NULL,
            number BIGINT NOT NULL CHECK (number > 0),
            at BIGINT NOT NULL,
            actor TEXT NOT NULL,
            request TEXT,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            provider TEXT,
            facts BYTEA NOT NULL,
            digest BYTEA NOT NULL,
            PRIMARY KEY (stream, number)
        );
        CREATE TABLE requests (
            actor TEXT NOT NULL,
            request TEXT NOT NULL,
            day BIGINT NOT NULL,
            asked BYTEA NOT NULL,
            answer BYTEA NOT NULL,
            PRIMARY KEY (actor, request)
        );
        CREATE INDEX requests_by_day ON requests (day, actor, request);
        CREATE TABLE events_pending (
            stream TEXT NOT NULL,
            number BIGINT NOT NULL,
            at BIGINT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            provider TEXT,
            facts BYTEA NOT NULL,
            PRIMARY KEY (stream, number)
        );
        CREATE TABLE events (
            position BIGINT NOT NULL PRIMARY KEY,
            stream TEXT NOT NULL,
            number BIGINT NOT NULL,
            at BIGINT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            provider TEXT,
            facts BYTEA NOT NULL
        );
        CREATE TABLE outbox_state (
            name TEXT NOT NULL PRIMARY KEY,
            position BIGINT NOT NULL,
            looked_up_to TEXT NOT NULL
        );
        INSERT INTO outbox_state VALUES ('outbox', 0, '');
        CREATE TABLE event_cursors (
            consumer TEXT NOT NULL PRIMARY KEY,
            position BIGINT NOT NULL
        );
        CREATE TABLE holders (
            number TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            birth_date BIGINT,
            address TEXT NOT NULL,
            password_verifier BYTEA NOT NULL,
            issue_from BIGINT,
            issue_through BIGINT,
            issue_count BIGINT NOT NULL CHECK (issue_count >= 0),
            card TEXT,
            card_expiry BIGINT,
            wrong_passwords BIGINT NOT NULL CHECK (wrong_passwords >= 0),
            closed_until BIGINT,
            CHECK ((issue_from IS NULL) = (issue_through IS NULL))
        );
        CREATE UNIQUE INDEX holders_by_card ON holders (card);
        CREATE TABLE providers (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            life TEXT NOT NULL CHECK (life IN ('active', 'suspended')),
            suspension_reason TEXT,
            non_volatile_per_card BIGINT NOT NULL CHECK (non_volatile_per_card >= 0),
            volatile_per_card BIGINT NOT NULL CHECK (volatile_per_card >= 0),
            cards_max BIGINT NOT NULL CHECK (cards_max >= 0),
            domains BYTEA NOT NULL,
            sees_also TEXT,
            CHECK ((life = 'suspended') = (suspension_reason IS NOT NULL))
        );
        \(catalogue)
        CREATE TABLE addresses (
            card TEXT NOT NULL,
            ordinal BIGINT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('reader', 'terminal', 'sms', 'https')),
            address TEXT NOT NULL,
            since BIGINT NOT NULL,
            until BIGINT,
            PRIMARY KEY (card, ordinal)
        );
        """

    private static let catalogue = """
        CREATE TABLE applications (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            provider TEXT NOT NULL REFERENCES providers (id),
            service TEXT NOT NULL CHECK (service IN ('running', 'stopped')),
            stop_reason TEXT,
            CHECK ((service = 'stopped') = (stop_reason IS NOT NULL))
        );
        CREATE INDEX applications_by_provider ON applications (provider, id);
        CREATE TABLE releases (
            application TEXT NOT NULL REFERENCES applications (id),
            version TEXT NOT NULL,
            life TEXT NOT NULL CHECK (life IN ('draft', 'published', 'withdrawn')),
            life_since BIGINT,
            withdrawal_reason TEXT,
            load_files BYTEA NOT NULL,
            instances BYTEA NOT NULL,
            personalisation BYTEA NOT NULL,
            parking TEXT NOT NULL CHECK (parking IN ('contract', 'stateless', 're-personalised', 'never')),
            never_reason TEXT,
            profiles TEXT,
            permits_snapshots BIGINT NOT NULL CHECK (permits_snapshots IN (0, 1)),
            PRIMARY KEY (application, version),
            CHECK ((life = 'draft') = (life_since IS NULL)),
            CHECK ((life = 'withdrawn') = (withdrawal_reason IS NOT NULL)),
            CHECK ((parking = 'never') = (never_reason IS NOT NULL))
        );
        CREATE TABLE load_files (
            digest BYTEA NOT NULL PRIMARY KEY,
            package BYTEA NOT NULL,
            byte_count BIGINT NOT NULL CHECK (byte_count > 0),
            modules BYTEA NOT NULL,
            imports BYTEA NOT NULL
        );
        CREATE TABLE load_file_blobs (
            digest BYTEA NOT NULL PRIMARY KEY REFERENCES load_files (digest),
            data_block BYTEA NOT NULL
        );
        CREATE TABLE published_aids (
            aid BYTEA NOT NULL,
            application TEXT NOT NULL,
            version TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('load-file', 'shared-load-file', 'instance')),
            digest BYTEA,
            PRIMARY KEY (aid, application, version, role),
            FOREIGN KEY (application, version) REFERENCES releases (application, version),
            CHECK ((role = 'instance') = (digest IS NULL))
        );
        CREATE TABLE use_flags (
            holder TEXT NOT NULL REFERENCES holders (number),
            application TEXT NOT NULL REFERENCES applications (id),
            is_used BIGINT NOT NULL CHECK (is_used IN (0, 1)),
            changed_at BIGINT NOT NULL,
            PRIMARY KEY (holder, application)
        );
        CREATE INDEX use_flags_by_application ON use_flags (application, is_used, holder);
        """

    static let records: [any Record.Type] = [
        AuditStreamHead.self, AuditEntry.self, KeptRequest.self, PendingEvent.self, Event.self,
        OutboxState.self, EventCursor.self, Holder.self, Provider.self, Application.self, Release.self,
        KeptLoadFile.self, LoadFileBlob.self, PublishedAID.self, UseFlag.self, CardAddress.self,
    ]
}
