"""Responses and questionnaires are kept as given: the database itself refuses to change or delete them."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("responses", "questionnaires")


def upgrade() -> None:
    _UPGRADES[op.get_bind().dialect.name]()


def downgrade() -> None:
    _DOWNGRADES[op.get_bind().dialect.name]()


def _refuse_on_sqlite() -> None:
    for table in TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are kept as given'); END"
            )


def _allow_on_sqlite() -> None:
    for table in TABLES:
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuse_{change}")


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% are kept as given', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _allow_on_postgresql() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_refuse_change ON {table}")
    op.execute("DROP FUNCTION refuse_change()")


_UPGRADES = {"sqlite": _refuse_on_sqlite, "postgresql": _refuse_on_postgresql}
_DOWNGRADES = {"sqlite": _allow_on_sqlite, "postgresql": _allow_on_postgresql}
