"""The first tables: agencies, counters, questionnaires, waves, responses, users."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_agencies()
    _create_counters()
    _create_questionnaires_and_waves()
    _create_users()
    _create_responses()


def downgrade() -> None:
    for table in (
        "responses",
        "users",
        "waves",
        "questionnaires",
        "counter_codes",
        "counters",
        "agency_successions",
        "agencies",
    ):
        op.drop_table(table)


def _create_agencies() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(80), nullable=False, comment="Our own stable slug; addresses use it."),
        sa.Column(
            "official_code",
            sa.String(20),
            nullable=True,
            comment="As the State's list has it; not a key, because sources differ.",
        ),
        sa.Column(
            "name",
            sa.String(200),
            nullable=False,
            comment="In full, as a letterhead has it: Phường Buôn Ma Thuột.",
        ),
        sa.Column("kind", sa.String(40), nullable=False, comment="In Vietnamese: sở, phường, xã."),
        sa.Column("level", _one_of("level", "department", "commune"), nullable=False),
        sa.Column("parent_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=True, index=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="The first day on which it no longer exists."),
        sa.Column(
            "to_be_confirmed",
            sa.Boolean(),
            nullable=False,
            comment="The province has not confirmed that this unit exists under this name.",
        ),
        sa.CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates_in_order"),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "agency_successions",
        sa.Column("predecessor_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("successor_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.CheckConstraint("predecessor_id <> successor_id", name="two_agencies"),
        sa.PrimaryKeyConstraint("predecessor_id", "successor_id"),
    )


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("code", sa.String(100), nullable=False, comment="Our own stable slug: xa-ea-o-1."),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="Null: as long as its agency."),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="The first day on which it is closed."),
        sa.CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to > valid_from", name="dates_in_order"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("id", "agency_id"),
    )
    op.create_table(
        "counter_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), sa.ForeignKey("counters.id"), nullable=False),
        sa.Column(
            "serial",
            sa.Integer(),
            nullable=False,
            comment="1 for the first poster of this counter, then 2, …",
        ),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("serial BETWEEN 1 AND 99999", name="serial_fits_the_code"),
        sa.CheckConstraint("expires_at IS NULL OR expires_at > issued_at", name="expires_after_issue"),
        sa.CheckConstraint("revoked_at IS NULL OR revoked_at >= issued_at", name="revoked_after_issue"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("counter_id", "serial"),
    )


def _create_questionnaires_and_waves() -> None:
    op.create_table(
        "questionnaires",
        sa.Column("hash", sa.String(64), nullable=False, comment="SHA-256 of `canonical`, hexadecimal."),
        sa.Column("questionnaire_id", sa.String(80), nullable=False, index=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False, comment="The canonical JSON, byte for byte what was hashed."),
        sa.CheckConstraint("length(hash) = 64", name="hash_is_sha256"),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(80), nullable=False, comment="Our own stable slug; addresses use it."),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("questionnaire_hash", sa.String(64), sa.ForeignKey("questionnaires.hash"), nullable=False),
        sa.Column(
            "stream",
            _one_of("stream", "counter", "sample", "census"),
            nullable=False,
            comment="The stream it is run for.",
        ),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False, comment="The last day on which answers are taken."),
        sa.Column(
            "is_simulated",
            sa.Boolean(),
            nullable=False,
            comment="Its answers are made up, and every page and file says so.",
        ),
        sa.CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        sa.CheckConstraint("title <> ''", name="title_given"),
        sa.CheckConstraint("closes_on >= opens_on", name="dates_in_order"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("id", "questionnaire_hash"),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False, comment="The name to sign in with."),
        sa.Column(
            "password_hash",
            sa.String(200),
            nullable=False,
            comment="Argon2id, with its parameters and salt.",
        ),
        sa.Column("role", _one_of("role", "officer", "agency"), nullable=False),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=True),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.CheckConstraint("name <> '' AND name = lower(name)", name="name_is_lower_case"),
        sa.CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_is_hashed"),
        sa.CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name="agency_role_has_an_agency"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


def _create_responses() -> None:
    op.create_table(
        "responses",
        *_response_columns(),
        sa.CheckConstraint("length(submission_key) = 32", name="submission_key_is_128_bits"),
        sa.CheckConstraint("length(answers_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("length(receipt) = 8", name="receipt_has_8_characters"),
        sa.CheckConstraint("weight > 0 AND weight < 1e12", name="weight_is_positive"),
        sa.CheckConstraint("stream <> 'counter' OR weight = 1", name="counter_stream_is_unweighted"),
        sa.ForeignKeyConstraint(["wave_id", "questionnaire_hash"], ["waves.id", "waves.questionnaire_hash"]),
        sa.ForeignKeyConstraint(["counter_id", "agency_id"], ["counters.id", "counters.agency_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("submission_key"),
        sa.UniqueConstraint("receipt"),
    )
    op.create_index(
        "ix_responses_sums",
        "responses",
        ["wave_id", "stream", "agency_id", "counter_id", "answered_on", "weight", "ratings"],
    )


def _response_columns() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("stream", _one_of("stream", "counter", "sample", "census"), nullable=False),
        sa.Column("questionnaire_hash", sa.String(64), nullable=False),
        sa.Column("language", sa.String(8), nullable=False, comment="The language in which the form was read."),
        sa.Column("answered_on", sa.Date(), nullable=False, comment="The day in Đắk Lắk (Asia/Ho_Chi_Minh)."),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, comment="To the minute, no finer."),
        sa.Column(
            "submission_key",
            sa.String(32),
            nullable=False,
            comment="Minted with the form, hexadecimal: the same form counts once.",
        ),
        sa.Column(
            "answers",
            sa.Text(),
            nullable=False,
            comment="The answers as given: canonical JSON, item to value.",
        ),
        sa.Column("answers_digest", sa.LargeBinary(32), nullable=False, comment="SHA-256 of `answers`."),
        sa.Column(
            "ratings",
            sa.String(400),
            nullable=False,
            comment="The ratings in `answers`, a character for each rating item of the questionnaire, to be summed.",
        ),
        sa.Column("receipt", sa.String(8), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False, comment="Inverse of the probability of being in the sample."),
        sa.Column("stratum", sa.String(80), nullable=True),
        sa.Column("psu", sa.String(80), nullable=True, comment="Null in a sample: the respondent was drawn directly."),
    ]


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=16)
