"""Digits for each counter, how far to trust a response and how it was entered, one-time codes, kiosks, receipt days."""

import sqlalchemy as sa
from alembic import op

from survey.services.short_codes import short_code_for

revision = "0004"
down_revision = "0003"

SUMMED = ("wave_id", "stream", "agency_id", "counter_id", "answered_on", "weight", "ratings")
KINDS = {
    "trust": (
        ("verified", "signed", "open"),
        "By one-time code, signed QR or open link. Null: imported, or before 0004.",
    ),
    "entry": (("phone", "kiosk", "assisted"), "On a phone, a kiosk, or assisted. Null: imported, or before 0004."),
}


def upgrade() -> None:
    _number_the_counters()
    for name, (values, comment) in KINDS.items():
        # Added in place with its check, which both databases know: no row is touched, so that the triggers of 0002
        # have no say in it.
        listed = ", ".join(f"'{value}'" for value in values)
        check = f"CONSTRAINT ck_responses_{name} CHECK ({name} IN ({listed}))"
        op.execute(f"ALTER TABLE responses ADD COLUMN {name} VARCHAR(16) {check}")
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"COMMENT ON COLUMN responses.{name} IS '{comment}'")
    _index(*SUMMED, *KINDS)
    # The receipts of a day are looked up at midnight, while answers come in.
    op.create_index("ix_responses_received_at", "responses", ["received_at"])
    _make_tables_for_slips()
    _make_other_tables()


def downgrade() -> None:
    for table in ("receipt_days", "kiosks", "slip_codes", "slip_batches"):
        op.drop_table(table)
    op.drop_index("ix_responses_received_at", "responses")
    _index(*SUMMED)
    for name in KINDS:
        op.drop_column("responses", name)
    op.drop_index("ix_counters_short_code", "counters")
    op.drop_column("counters", "short_code")


def _number_the_counters() -> None:
    comment = "Six digits to type where a QR cannot be scanned; the last is Damm's check."
    op.add_column("counters", sa.Column("short_code", sa.String(6), nullable=True, comment=comment))
    counters = sa.table("counters", sa.column("id"), sa.column("code"), sa.column("short_code"))
    taken: set[str] = set()
    for number, code in op.get_bind().execute(sa.select(counters.c.id, counters.c.code).order_by(counters.c.id)).all():
        short_code = short_code_for(code, taken=taken)
        taken.add(short_code)
        op.execute(counters.update().where(counters.c.id == number).values(short_code=short_code))
    op.create_index("ix_counters_short_code", "counters", ["short_code"], unique=True)


def _index(*columns: str) -> None:
    op.drop_index("ix_responses_sums", "responses")
    op.create_index("ix_responses_sums", "responses", list(columns))


def _make_tables_for_slips() -> None:
    op.create_table(
        "slip_batches",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("counter_id", sa.Integer(), sa.ForeignKey("counters.id"), nullable=False, index=True),
        sa.Column("opens_on", sa.Date(), nullable=False, comment="The day on which the slips are handed out."),
        sa.Column("closes_on", sa.Date(), nullable=False, comment="The last day on which they open a form."),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size BETWEEN 1 AND 10000", name="size_in_bounds"),
        sa.CheckConstraint("closes_on >= opens_on", name="dates_in_order"),
    )
    op.create_table(
        "slip_codes",
        sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("batch_id", sa.Integer(), sa.ForeignKey("slip_batches.id"), nullable=False, index=True),
        sa.Column("used", sa.Boolean(), nullable=False),
    )


def _make_other_tables() -> None:
    op.create_table(
        "kiosks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("counter_id", sa.Integer(), sa.ForeignKey("counters.id"), nullable=False, index=True),
        sa.Column("pin_hash", sa.String(200), nullable=False, comment="Salted and slow, as passwords are."),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closed_after_opening"),
    )
    op.create_table(
        "receipt_days",
        sa.Column("day", sa.Date(), primary_key=True, comment="The day in Đắk Lắk (Asia/Ho_Chi_Minh)."),
        sa.Column("receipts", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column(
            "chain",
            sa.LargeBinary(32),
            nullable=False,
            comment="SHA-256 over the chain before, the day and its root.",
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("receipts >= 0", name="not_negative"),
        sa.CheckConstraint("length(root) = 32 AND length(chain) = 32", name="hashes_are_sha256"),
    )
