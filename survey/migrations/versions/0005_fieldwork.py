"""Fieldwork: units drawn, contacts of their own, who works on them, and the counts that stay."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# What the planner remembers of a column are values of it, which stay when the rows are gone.
NOT_TO_BE_SAMPLED = {
    "contacts": ("name", "address", "phone"),
    "sampled_units": ("unit", "code_hash"),
    "field_workers": ("code", "name"),
}
WORKERS = ("interviewer", "post_office", "front")


def upgrade() -> None:
    op.create_table(
        "fieldworks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("waves.id"), nullable=False, unique=True),
        sa.Column(
            "attempts_needed",
            sa.Integer(),
            nullable=False,
            comment="Before somebody who is not met may be replaced from the reserve.",
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), nullable=True, comment="Since when nothing tells who was drawn."
        ),
        sa.CheckConstraint("attempts_needed BETWEEN 1 AND 20", name="attempts_in_bounds"),
    )
    _make_table_of_workers()
    _make_table_of_units()
    op.create_table(
        "contacts",
        sa.Column("unit_id", sa.Integer(), sa.ForeignKey("sampled_units.id"), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(400), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
    )
    op.create_table(
        "fieldwork_outcomes",
        sa.Column("id", sa.Integer(), primary_key=True),
        _fieldwork(index=True),
        *_place(),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("is_substitute", sa.Boolean(), nullable=False),
        sa.Column("is_replaced", sa.Boolean(), nullable=False),
        sa.Column("disposition", sa.String(8), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("n > 0", name="somebody"),
    )
    _keep_values_from_the_planner()


def downgrade() -> None:
    for table in ("fieldwork_outcomes", "contacts", "sampled_units", "field_workers", "fieldworks"):
        op.drop_table(table)


def _fieldwork(*, index: bool = False) -> sa.Column[int]:
    return sa.Column("fieldwork_id", sa.Integer(), sa.ForeignKey("fieldworks.id"), nullable=False, index=index)


def _place() -> tuple[sa.Column[int], sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("stratum", sa.String(80), nullable=False),
        sa.Column("psu", sa.String(80), nullable=True),
    )


def _make_table_of_workers() -> None:
    op.create_table(
        "field_workers",
        sa.Column("id", sa.Integer(), primary_key=True),
        _fieldwork(),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*WORKERS, name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column(
            "agency_id",
            sa.Integer(),
            sa.ForeignKey("agencies.id"),
            nullable=True,
            comment="Whose people alone are reached. Null: everybody's.",
        ),
        sa.UniqueConstraint("fieldwork_id", "code"),
        sa.CheckConstraint("code <> ''", name="code_given"),
        sa.CheckConstraint("name <> ''", name="name_given"),
    )


def _make_table_of_units() -> None:
    op.create_table(
        "sampled_units",
        sa.Column("id", sa.Integer(), primary_key=True),
        _fieldwork(),
        sa.Column("number", sa.Integer(), nullable=False, comment="On letters and paper forms; given by chance."),
        sa.Column("unit", sa.String(80), nullable=False, comment="As the frame has it."),
        *_place(),
        sa.Column(
            "weight",
            sa.Double(),
            nullable=False,
            comment="Of the place in the sample: a substitute has that of whom it replaces.",
        ),
        sa.Column("reserve_order", sa.Integer(), nullable=True, comment="Null in the sample itself."),
        sa.Column("replaces_id", sa.Integer(), sa.ForeignKey("sampled_units.id"), nullable=True, unique=True),
        sa.Column("worker_id", sa.Integer(), sa.ForeignKey("field_workers.id"), nullable=True, index=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.String(8), nullable=True, comment="AAPOR's code. Null: not settled yet."),
        sa.Column(
            "settled_on",
            sa.Date(),
            nullable=True,
            comment="Null for who answered: a day would lead to the answer.",
        ),
        sa.Column("is_called_back", sa.Boolean(), nullable=False),
        sa.Column(
            "code_hash",
            sa.LargeBinary(32),
            nullable=True,
            unique=True,
            comment="Keyed hash of the invitation's code. Null: none was made.",
        ),
        sa.UniqueConstraint("fieldwork_id", "number"),
        sa.UniqueConstraint("fieldwork_id", "unit"),
        sa.CheckConstraint("weight > 0 AND weight < 1e12", name="weight_is_positive"),
        sa.CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        sa.CheckConstraint("reserve_order > 0", name="reserve_order_from_1"),
        sa.CheckConstraint("replaces_id IS NULL OR reserve_order IS NOT NULL", name="only_the_reserve_replaces"),
        sa.CheckConstraint("length(code_hash) = 32", name="code_is_hashed"),
    )


def _keep_values_from_the_planner() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in NOT_TO_BE_SAMPLED.items():
            for column in columns:
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
