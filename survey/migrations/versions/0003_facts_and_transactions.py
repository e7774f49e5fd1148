"""Two facts decided at the receipt of a response, and how many transactions each agency handled in a wave's period."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Both databases add and drop such columns in place: no row is touched, so that the triggers of 0002 have no say in it.
FACTS = {
    "from_office": "Sent from an office's network. Null: unknown.",
    "quick": "Sent sooner than it can be read. Null: unknown.",
}


def upgrade() -> None:
    for name, comment in FACTS.items():
        op.add_column("responses", sa.Column(name, sa.Boolean(), nullable=True, comment=comment))
    op.create_table(
        "agency_transactions",
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("waves.id"), nullable=False),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.CheckConstraint("transactions >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("wave_id", "agency_id"),
    )


def downgrade() -> None:
    op.drop_table("agency_transactions")
    for name in FACTS:
        op.drop_column("responses", name)
